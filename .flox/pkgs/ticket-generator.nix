# Invented tickets to S3; its closure holds boto3 alone.
{
  lib,
  python3Packages,
}:

let
  root = ../../.;
in
python3Packages.buildPythonApplication {
  pname = "ticket-generator";
  inherit ((builtins.fromTOML (builtins.readFile ../../ticket_generator/pyproject.toml)).project) version;
  pyproject = true;

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      ../../ticket_generator
      ../../tests/__init__.py
      ../../tests/unit/__init__.py
      ../../tests/unit/ticket_generator
    ];
  };
  sourceRoot = "source/ticket_generator";

  build-system = [ python3Packages.setuptools ];
  dependencies = [ python3Packages.boto3 ];

  nativeCheckInputs = [ python3Packages.pytest ];
  # Those that need nothing of the pipeline.
  checkPhase = ''
    runHook preCheck
    cd ..
    python -m pytest -q -c /dev/null --rootdir . -p no:cacheprovider --noconftest tests/unit/ticket_generator/test_generator.py tests/unit/ticket_generator/test_texts.py
    cd ticket_generator
    runHook postCheck
  '';
  pythonImportsCheck = [
    "ticket_generator.generator"
    "ticket_generator.main"
  ];

  meta = {
    description = "Realistic support tickets to S3, at a steady rate";
    license = lib.licenses.mit;
    mainProgram = "ticket-generator";
  };
}
