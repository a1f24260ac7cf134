#!/usr/bin/env bash
# Builds the image for Apptainer or Singularity:
#
#   scripts/build-image.sh ocr-pipeline.sif             Debian from Docker's registry
#   scripts/build-image.sh --local ocr-pipeline.sif     Debian by debootstrap from this machine's own package sources, as root
#
# `--tesseract DIR` puts in what scripts/build-tesseract.sh made before instead of compiling it again.
# Needs Apptainer, the checkout with its npm packages, Debian's and npm's packages, and about 4 GB in TMPDIR. Its tests run
# before it is put in place; an image of that name that was there is kept until then.
set -euo pipefail

HERE=$(cd "$(dirname "$0")/.." && pwd)
SUITE=bookworm
BUILD_TIMEOUT_S=3600
NPM_TIMEOUT_S=900
# Kept out of the image: a second engine that is several times slower; forms of libraries for browsers and for CommonJS; what only
# people who program read.
UNUSED_PACKAGES='^(tesseract\.js|@tesseract\.js-data/.*)$'
UNUSED_FOLDERS=(box-node-sdk/{lib,src} pdfjs-dist/{build,types,web,legacy/web,legacy/image_decoders})
UNUSED_FILES=('*.map' '*.d.ts' '*.d.mts' '*.d.cts' '*.min.mjs' 'pdf.sandbox.mjs' '*.md' '*.markdown')

say() { printf 'Image: %s\n' "$*" >&2; }
fail() {
  say "$1"
  exit "$2"
}

local_debian=
tesseract=
out=
while [ $# -gt 0 ]; do
  case $1 in
    --local) local_debian=yes && shift ;;
    --tesseract) tesseract=${2:?--tesseract needs a folder} && shift 2 ;;
    -*) fail "unknown option $1. Usage: build-image.sh [--local] [--tesseract DIR] OUT.sif" 64 ;;
    *) out=$1 && shift ;;
  esac
done
[ -n "$out" ] || fail "name the file to make. Usage: build-image.sh [--local] [--tesseract DIR] OUT.sif" 64
PATH=$PATH:/usr/sbin:/sbin
apptainer=$(type -P apptainer || type -P singularity) || fail "Apptainer is not installed (on Debian 12: scripts/apptainer-up.sh, as root)" 69
[ -x "$HERE/node_modules/node/bin/node" ] || fail "the npm packages are not installed:  npm install" 69
[ -n "$(type -P npm)" ] || fail "npm is not installed" 69
mkdir -p "$(dirname "$out")"

work=$(mktemp -d)
new="$out.new.$$"
trap 'rm -rf "$work" "$new"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$work"
staged=$work/staged
mkdir "$staged"

# As `npm pack` has it, with what it needs to run beside it. It is built in a copy: others may be building in the checkout.
stage_program() {
  local source=$work/source each
  export PATH=$HERE/node_modules/node/bin:$PATH
  mkdir "$source"
  for each in bin src scripts slurm containers docs package.json tsconfig.json tsconfig.build.json LICENSE NOTICE README.md; do
    cp -R "$HERE/$each" "$source/"
  done
  ln -s "$HERE/node_modules" "$source/node_modules"
  (cd "$source" && timeout "$NPM_TIMEOUT_S" npm pack --loglevel=error --pack-destination "$work" >&2)
  tar -xzf "$work"/ocr-pipeline-*.tgz -C "$work"
  cp "$HERE/.npmrc" "$work/package/"
  cp "$work/package/package.json" "$work/package.json"
  # shellcheck disable=SC2016 # JavaScript
  node -e '
    const [file, pattern] = process.argv.slice(1);
    const { writeFileSync } = require("node:fs");
    const record = require(file);
    for (const name of Object.keys(record.dependencies)) if (new RegExp(pattern).test(name)) delete record.dependencies[name];
    writeFileSync(file, JSON.stringify(record));
  ' "$work/package/package.json" "$UNUSED_PACKAGES"
  # No package needs its install scripts: what is machine code comes ready.
  (cd "$work/package" && timeout "$NPM_TIMEOUT_S" npm install --omit=dev --ignore-scripts --prefer-offline --loglevel=error >&2)
  mv "$work/package.json" "$work/package/package.json"
  rm "$work/package/.npmrc"
  local modules=$work/package/node_modules
  for each in "${UNUSED_FOLDERS[@]}"; do rm -rf "${modules:?}/$each"; done
  for each in "${UNUSED_FILES[@]}"; do find "$modules" -name "$each" ! -iname 'license*' ! -iname 'notice*' -delete; done
  mv "$work/package" "$staged/app"
}

stage_parts() {
  cp -L "$HERE/node_modules/node/bin/node" "$staged/node"
  cp "$HERE/scripts/build-tesseract.sh" "$HERE"/containers/*.sh "$HERE"/containers/*.mjs "$staged/"
  cp -R "$HERE/containers/tesseract" "$staged/tesseract"
  [ -z "$tesseract" ] || cp -R "$tesseract" "$staged/compiled"
  mkdir "$staged/samples"
  cp "$HERE/test/fixtures/scan-3-pages.pdf" "$staged/samples/eng.pdf"
  cp "$HERE/test/fixtures/german.pdf" "$staged/samples/deu.pdf"
  cp "$HERE/test/fixtures/french.pdf" "$staged/samples/fra.pdf"
}

# A Debian for the build stage, from the sources this machine has, which it uses for all else too.
make_debian() {
  local root=$work/debian source
  [ "$(id -u)" -eq 0 ] || fail "--local needs root, for debootstrap" 77
  [ -n "$(type -P debootstrap)" ] || fail "debootstrap is not installed:  apt-get install debootstrap" 69
  source=$({ sed -n 's/^URIs:[[:space:]]*\([^ ]*\/debian\)\/*[[:space:]]*$/\1/p' /etc/apt/sources.list.d/*.sources
    sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^ ]*\/debian\)\/*[[:space:]].*/\2/p' /etc/apt/sources.list
  } 2>/dev/null | head -n 1 || true)
  [ -n "$source" ] || fail "no Debian among the package sources of this machine" 69
  timeout "$BUILD_TIMEOUT_S" debootstrap --variant=minbase "$SUITE" "$root" "$source" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 5 "$work/debootstrap.log" >&2 && fail "debootstrap failed" 69; }
  # A proxy for packages, if there is one; device nodes cannot be copied without being the machine's root.
  apt-config dump | grep -i '^Acquire::[a-z]*::proxy' >"$root/etc/apt/apt.conf.d/proxy" || true
  rm -rf "${root:?}"/dev/* "$root"/var/cache/apt/archives/*.deb
}

from=(--build-arg BOOTSTRAP=docker --build-arg "FROM=debian:$SUITE-slim")
stage_program &
staging=$!
if [ -n "$local_debian" ]; then
  say "making a Debian to build in"
  make_debian
  from=(--build-arg BOOTSTRAP=localimage --build-arg "FROM=$work/debian")
fi
wait "$staging" || fail "the program could not be gathered: npm pack or npm install failed" 69
stage_parts
version=$("$staged/node" -p 'require(process.argv[1]).version' "$staged/app/package.json")

say "building, in about 8 minutes on two cores"
timeout -k 30 "$BUILD_TIMEOUT_S" "$apptainer" build --fakeroot --force "${from[@]}" --build-arg STAGED="$staged" \
  --build-arg VERSION="$version" --build-arg NODE_VERSION="$("$staged/node" --version)" "$new" "$HERE/containers/singularity.def" >&2
mv "$new" "$out"
say "$out, $(($(stat -c %s "$out") / 1000000)) MB. Next:  apptainer run $out doctor"
