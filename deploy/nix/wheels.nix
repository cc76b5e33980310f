# The wheels of wheels.json as Python packages, for the system at hand. Each holds its own files alone: whoever installs
# some lists all that they need, as constraints.txt does.
{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
  zlib,
  python,
}:

let
  inherit (stdenv.hostPlatform) system;
  pins = builtins.fromJSON (builtins.readFile ./wheels.json);

  package =
    pname: pin:
    let
      wheel = pin.wheels.any or pin.wheels.${system} or (throw "wheels.json has no wheel of ${pname} for ${system}");
      native = !(lib.hasSuffix "-any.whl" wheel.url);
    in
    python.pkgs.buildPythonPackage {
      inherit pname;
      inherit (pin) version;
      format = "wheel";
      src = fetchurl {
        # An address spells + as %2B, which no store path may hold, and the installer reads the version off the name.
        name = builtins.replaceStrings [ "%2B" ] [ "+" ] (baseNameOf wheel.url);
        inherit (wheel) url sha256;
      };
      # What manylinux lets a wheel expect of the system.
      nativeBuildInputs = lib.optional native autoPatchelfHook;
      buildInputs = lib.optionals native [
        stdenv.cc.cc.lib
        zlib
      ];
      dontStrip = true; # libraries that were patched when the wheel was made do not load once stripped
      dontCheckRuntimeDeps = true;
      doCheck = false;
    };
in
builtins.mapAttrs package pins
