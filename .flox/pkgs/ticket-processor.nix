# What pods run: the pipeline, Dagster and every library it needs, in one closure. Every Python package is the wheel that
# constraints.txt names, so it is what the tests ran on; nixpkgs has the Dagster packages only in part, in other versions.
# Torch, which only converts models, is the build for CPUs.
{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
  makeWrapper,
  zlib,
  python311,
}:

let
  root = ../../.;
  project = (builtins.fromTOML (builtins.readFile ../../pyproject.toml)).project;
  wheels = import ../../deploy/nix/wheels.nix {
    inherit
      lib
      stdenv
      fetchurl
      autoPatchelfHook
      zlib
      ;
    python = python311;
  };
  forChecks = [
    "hypothesis"
    "iniconfig"
    "pluggy"
    "pytest"
    "sortedcontainers"
  ];
  dependencies = builtins.attrValues (builtins.removeAttrs wheels forChecks);
  searched = "${placeholder "out"}/${python311.sitePackages}:${python311.pkgs.makePythonPath dependencies}";
in
python311.pkgs.buildPythonApplication {
  pname = "ticket-processor";
  inherit (project) version;
  pyproject = true;

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      ../../LICENSE
      ../../README.md
      ../../pyproject.toml
      ../../workspace.yaml
      ../../resources
      ../../sensors
      ../../ticket_assets
      ../../ticket_generator
      ../../tickets_cli
      ../../tests
    ];
  };

  build-system = [ wheels.setuptools ];
  inherit dependencies;

  # Dagster runs Python again and again, for code servers and runs: each must find the packages that its parent did.
  nativeBuildInputs = [ makeWrapper ];
  makeWrapperArgs = [
    "--prefix"
    "PYTHONPATH"
    ":"
    searched
  ];
  # The generator's program is its own package's: two of one name are no environment.
  postFixup = ''
    rm -f "$out/bin/ticket-generator" "$out/bin/.ticket-generator-wrapped"
    for program in dagster=dagster dagster-daemon=dagster._daemon dagster-webserver=dagster_webserver; do
      makeWrapper ${python311.interpreter} "$out/bin/''${program%=*}" --add-flags "-m ''${program#*=}" --prefix PYTHONPATH : "${searched}"
    done
  '';

  nativeCheckInputs = map (name: wheels.${name}) forChecks;
  checkPhase = ''
    runHook preCheck
    python -m pytest -q -p no:cacheprovider tests/unit/sensors tests/unit/ticket_assets/domain tests/unit/ticket_assets/test_definitions.py tests/unit/tickets_cli/test_tables.py
    runHook postCheck
  '';
  pythonImportsCheck = [
    "dagster_k8s"
    "resources.workers.run_launcher"
    "ticket_assets.definitions"
    "tickets_cli.main"
    "torch"
    "transformers"
  ];

  meta = {
    inherit (project) description;
    license = lib.licenses.mit;
    mainProgram = "ticket-processor";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
