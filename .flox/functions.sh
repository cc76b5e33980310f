# shellcheck shell=bash
# What `flox activate` adds to bash and zsh, thin over the project's commands; functions.fish is the same for fish.

case ":$PATH:" in
*":$FLOX_ENV_CACHE/venv/bin:"*) ;;
*) export PATH="$FLOX_ENV_CACHE/venv/bin:$PATH" ;;
esac

# A stack of its own, beside the services: demo [--count N]
demo() {
    tickets models prepare && TICKETS_STATE_DIR="$FLOX_ENV_CACHE/demo" DAGSTER_HOME='' tickets demo "$@"
}

# In the foreground, unless one works for this DAGSTER_HOME already, such as the service dagster-daemon.
run-processor() {
    tickets models prepare && ticket-processor --unless-running "$@"
}

show-results() {
    tickets show results "$@"
}

show-sentiment() {
    if [ $# -eq 0 ]; then
        tickets show sentiment NEGATIVE
    else
        tickets show sentiment "$@"
    fi
}

show-urgent() {
    tickets show urgent "$@"
}
