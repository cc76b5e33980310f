# What `flox activate` adds to fish, thin over the project's commands; functions.sh is the same for bash and zsh.

contains "$FLOX_ENV_CACHE/venv/bin" $PATH; or set -gx PATH "$FLOX_ENV_CACHE/venv/bin" $PATH

function demo --description 'A stack of its own, beside the services: demo [--count N]'
    tickets models prepare; and env TICKETS_STATE_DIR="$FLOX_ENV_CACHE/demo" DAGSTER_HOME= tickets demo $argv
end

function run-processor --description 'Turn tickets into records, unless a processor works for this DAGSTER_HOME already'
    tickets models prepare; and ticket-processor --unless-running $argv
end

function show-results --description 'The newest enriched tickets'
    tickets show results $argv
end

function show-sentiment --description 'The newest tickets of a sentiment: show-sentiment NEGATIVE'
    set -q argv[1]; or set argv NEGATIVE
    tickets show sentiment $argv
end

function show-urgent --description 'The newest critical and high tickets'
    tickets show urgent $argv
end
