# As much of nixpkgs as the project's expressions name, none of which builds anything: what a package is made of is handed
# back as it was given.
{ file, system }:

let
  lib = {
    fileset = {
      unions = map toString;
      toSource = source: source // { root = toString source.root; };
    };
    hasSuffix = suffix: text: builtins.match ".*${builtins.replaceStrings [ "." ] [ "\\." ] suffix}" text != null;
    licenses.mit = "MIT";
    optional = wanted: one: if wanted then [ one ] else [ ];
    optionals = wanted: all: if wanted then all else [ ];
  };
  package = name: { pname = name; };
  packages = {
    boto3 = package "boto3";
    pytest = package "pytest";
    setuptools = package "setuptools";
    buildPythonApplication = given: given;
    buildPythonPackage = given: given;
    makePythonPath = builtins.concatStringsSep ":";
  };
  nixpkgs = {
    inherit lib;
    autoPatchelfHook = "autoPatchelfHook";
    fetchurl = given: given;
    makeWrapper = "makeWrapper";
    python3Packages = packages;
    python311 = {
      pkgs = packages // {
        makePythonPath = all: builtins.concatStringsSep ":" (map (one: one.pname) all);
      };
      interpreter = "/python3.11";
      sitePackages = "lib/python3.11/site-packages";
    };
    stdenv = {
      hostPlatform = { inherit system; };
      cc.cc.lib = "libstdc++";
    };
    zlib = "zlib";
  };
  expression = import file;
in
# As callPackage does: what is not in nixpkgs is an error.
expression (builtins.mapAttrs (name: _: nixpkgs.${name}) (builtins.functionArgs expression))
