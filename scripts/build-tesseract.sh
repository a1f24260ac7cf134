#!/usr/bin/env bash
# Builds Tesseract for speed from the source packages of the Debian that runs here, and puts it into a folder of its own:
#
#   scripts/build-tesseract.sh --prefix /opt/ocr-pipeline-tesseract [--jobs N]
#
# Text is byte for byte that of Debian's package of the same version. Two builds are made, for x86-64-v3 (processors since
# about 2013) and for all x86-64; PREFIX/bin/tesseract takes the one that suits. Language data is that of Debian's packages.
# Root is needed only for packages that are missing. All is in place at the end, or nothing.
set -euo pipefail

PREFIX=/opt/ocr-pipeline-tesseract
JOBS=$(nproc)
HERE=$(cd "$(dirname "$0")/.." && pwd)
PARTS=${OCR_PIPELINE_TESSERACT_PARTS:-$HERE/containers/tesseract}
PACKAGES=(g++ cmake ninja-build dpkg-dev libpng-dev zlib1g-dev)
RECORD=share/tesseract-build.json
APT_TIMEOUT_S=600
STEP_TIMEOUT_S=3600

# Nothing here lets the compiler round otherwise: no contraction to fused operations, no reordering of sums. The flags about
# traps and errno only say that nobody looks at them. The defines keep lines in memory as they are, not as PNG, and leave out
# letters that only pictures for debugging need.
COMMON_FLAGS="-O3 -ffp-contract=off -fno-trapping-math -fno-math-errno -DNDEBUG -DTESSERACT_IMAGEDATA_AS_PIX"
COMMON_FLAGS+=" -DTESSERACT_DISABLE_DEBUG_FONTS"
declare -A FLAGS=(
  [x86-64-v3]="$COMMON_FLAGS -march=x86-64-v3 -flto=auto -fno-fat-lto-objects"
  [x86-64]="$COMMON_FLAGS -march=x86-64"
)

say() { printf 'Tesseract: %s\n' "$*" >&2; }
fail() {
  say "$1"
  exit "$2"
}

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) PREFIX=${2:?--prefix needs a folder} && shift 2 ;;
    --jobs) JOBS=${2:?--jobs needs a number} && shift 2 ;;
    *) fail "unknown argument $1. Usage: build-tesseract.sh --prefix FOLDER [--jobs N]" 64 ;;
  esac
done
case $PREFIX in /*) ;; *) PREFIX=$PWD/$PREFIX ;; esac
[ "$(uname -m)" = x86_64 ] || fail "only for x86-64, not $(uname -m); Debian's package does here" 69
[ -n "$(type -P apt-get)" ] || fail "this is not Debian, whose sources it is made from" 69
if [ -e "$PREFIX" ] && [ ! -e "$PREFIX/$RECORD" ] && [ -n "$(ls -A "$PREFIX")" ]; then
  fail "$PREFIX is there and was not made by this script. Nothing was touched; name another folder by --prefix" 73
fi
mkdir -p "$(dirname "$PREFIX")"
[ -w "$(dirname "$PREFIX")" ] || fail "cannot write to $(dirname "$PREFIX"); name another folder by --prefix" 73

work=$(mktemp -d)
new="$PREFIX.new.$$"
log="$work/log"
tidy() {
  local code=$?
  if [ $code -ne 0 ] && [ -s "$log" ]; then tail -n 25 "$log" >&2; fi
  rm -rf "$work" "$new"
  exit $code
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$work"

# Runs a step with its output in the log, bounded in time.
quietly() { timeout -k 30 "$STEP_TIMEOUT_S" "$@" >>"$log" 2>&1 </dev/null; }

install_packages() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || fail "first, as root:  apt-get install ${missing[*]}" 69
  say "installing ${missing[*]}"
  local apt=(timeout -k 30 "$APT_TIMEOUT_S" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 --no-install-recommends)
  "${apt[@]}" install "${missing[@]}" >>"$log" 2>&1 || { "${apt[@]}" update && "${apt[@]}" install "${missing[@]}"; } >>"$log" 2>&1
}

# Where this machine takes Debian's packages from it takes their sources from, under the same keys.
write_source_lists() {
  local folder=$1 file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || awk -v RS= -v ORS='\n\n' '/URIs:[^\n]*debian/ { sub(/Types:[^\n]*/, "Types: deb-src"); print }' "$file" \
      >"$folder/$(basename "$file")"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$file" ] || sed -n 's/^deb[[:space:]]\(.*debian.*\)/deb-src \1/p' "$file" >"$folder/$(basename "$file")"
  done
  find "$folder" -type f -empty -delete
}

fetch_sources() {
  local options
  mkdir -p "$work"/apt/{lists/partial,cache/archives/partial,sources} "$work/sources"
  write_source_lists "$work/apt/sources"
  [ -n "$(ls "$work/apt/sources")" ] || fail "no Debian among the package sources of this machine" 69
  options=(-qq -o Dir::State::Lists="$work/apt/lists" -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/apt/sources"
    -o Dir::Cache="$work/apt/cache" -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User=root)
  timeout -k 30 "$APT_TIMEOUT_S" apt-get "${options[@]}" update >>"$log" 2>&1
  (cd "$work/sources" && timeout -k 30 "$APT_TIMEOUT_S" apt-get "${options[@]}" source tiff leptonlib tesseract >>"$log" 2>&1)
}

# Puts our functions in the place of two of Tesseract's; a version that has them otherwise is built as it is.
replace_activations() {
  local file=$1/src/lstm/functions.h name
  for name in Tanh Logistic; do
    [ "$(grep -c "^inline TFloat $name(TFloat x) {\$" "$file")" = 1 ] || {
      say "this version computes $name in another way; it is left as it is"
      return 0
    }
  done
  sed -i -e '/^inline TFloat Tanh(TFloat x) {$/,/^}$/d' -e '/^inline TFloat Logistic(TFloat x) {$/,/^}$/d' \
    -e "/^extern const TFloat LogisticTable/r $PARTS/activations.h" -e '0,/^#include/s//#include <cmath>\n&/' "$file"
}

configure() {
  local source=$1 folder=$2 flags=$3
  shift 3
  quietly cmake -G Ninja -S "$source" -B "$folder" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_C_FLAGS_RELEASE="$flags" -DCMAKE_CXX_FLAGS_RELEASE="$flags" -DCMAKE_AR="$(type -P gcc-ar)" -DCMAKE_RANLIB="$(type -P gcc-ranlib)" \
    -DPNG_LIBRARY="$(gcc -print-file-name=libpng.a)" -DZLIB_LIBRARY="$(gcc -print-file-name=libz.a)" "$@"
}

# Pages come as PNM and plain TIFF; PNG is kept for people who call it by hand. All else that reads pictures is left out.
compile_libraries() {
  local folder=$1 flags=$2 each without=()
  for each in jpeg old-jpeg jbig lerc libdeflate lzma webp zstd pixarlog; do without+=("-D$each=OFF"); done
  configure "$(echo "$work"/sources/tiff-*/)" "$folder/tiff" "$flags" -DCMAKE_INSTALL_PREFIX="$folder/installed" -DCMAKE_INSTALL_LIBDIR=lib \
    -Dtiff-tools=OFF -Dtiff-tests=OFF -Dtiff-contrib=OFF -Dtiff-docs=OFF -Dcxx=OFF "${without[@]}"
  quietly ninja -C "$folder/tiff" -j "$JOBS" install

  without=()
  for each in GIF JPEG PkgConfig; do without+=("-DCMAKE_DISABLE_FIND_PACKAGE_$each=ON"); done
  for each in GIF JPEG WEBP OPENJPEG; do without+=("-DENABLE_$each=OFF"); done
  for each in WEBP_INCLUDE_DIR WEBP_LIBRARY WEBPMUX_INCLUDE_DIR WEBPMUX_LIBRARY JP2K_INCLUDE_DIR JP2K_LIBRARY; do
    without+=("-D$each=$each-NOTFOUND")
  done
  configure "$(echo "$work"/sources/leptonlib-*/)" "$folder/leptonica" "$flags" -DCMAKE_INSTALL_PREFIX="$folder/installed" \
    -DTIFF_LIBRARY="$folder/installed/lib/libtiff.a" -DTIFF_INCLUDE_DIR="$folder/installed/include" "${without[@]}"
  quietly ninja -C "$folder/leptonica" -j "$JOBS" install
}

# The folder Debian's own build takes language data from.
data_folder() {
  local folder
  folder=$(sed -n 's/.*-DTESSDATA_PREFIX=[^/]*\(\/[^"\\]*\).*/\1/p' "$1/debian/rules" | head -n 1)
  echo "${folder:-/usr/share/tesseract-ocr/5}"
}

compile() {
  local build=$1 flags=${FLAGS[$1]} folder="$work/$1" source
  source=$(echo "$work"/sources/tesseract-*/)
  compile_libraries "$folder" "$flags"
  quietly gcc -O2 -c -o "$folder/line-buffering.o" "$PARTS/line-buffering.c"
  configure "$source" "$folder/tesseract" "$flags" -DLeptonica_DIR="$folder/installed/lib/cmake/leptonica" \
    -DCMAKE_CXX_FLAGS="-DTESSDATA_PREFIX='\"$(data_folder "$source")\"'" \
    -DCMAKE_EXE_LINKER_FLAGS="-static -s -flto=$JOBS $folder/line-buffering.o" -DCMAKE_DISABLE_FIND_PACKAGE_TIFF=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DBUILD_TRAINING_TOOLS=OFF -DOPENMP_BUILD=OFF -DGRAPHICS_DISABLED=ON \
    -DDISABLE_ARCHIVE=ON -DDISABLE_CURL=ON -DENABLE_LTO=OFF -DINSTALL_CONFIGS=OFF
  quietly ninja -C "$folder/tesseract" -j "$JOBS" tesseract
  install -D -m 755 "$folder/tesseract/bin/tesseract" "$new/libexec/tesseract-$build"
}

write_record() {
  local file build comma
  {
    printf '{\n  "program": "tesseract",\n  "openMp": false,\n  "static": true,\n  "compiler": "%s",\n' "$(g++ --version | head -n 1)"
    printf '  "sources": {'
    comma=
    for file in "$work"/sources/*.dsc; do
      printf '%s\n    "%s": "%s"' "$comma" "$(basename "$file" .dsc)" "$(sha256sum <"$file" | cut -d ' ' -f 1)"
      comma=,
    done
    printf '\n  },\n  "builds": {'
    comma=
    for build in x86-64-v3 x86-64; do
      printf '%s\n    "%s": "%s"' "$comma" "$build" "${FLAGS[$build]}"
      comma=,
    done
    printf '\n  }\n}\n'
  } >"$new/$RECORD"
}

keep_licences() {
  local each
  mkdir -p "$new/share/licences"
  for each in tiff leptonlib tesseract; do cp "$work"/sources/"$each"-*/debian/copyright "$new/share/licences/$each"; done
  for each in libc6 libstdc++6 libpng16-16 zlib1g; do
    [ ! -e "/usr/share/doc/$each/copyright" ] || cp "/usr/share/doc/$each/copyright" "$new/share/licences/$each"
  done
}

say "about 4 minutes on two cores; fetching the sources"
install_packages
fetch_sources
replace_activations "$(echo "$work"/sources/tesseract-*/)"
mkdir -p "$new/bin" "$new/share"
for build in x86-64-v3 x86-64; do
  say "compiling for $build"
  compile "$build"
done
quietly gcc -O2 -static -s -Wall -Wextra -o "$new/bin/tesseract" "$PARTS/choose-build.c"
write_record
keep_licences
"$new/bin/tesseract" --version >"$work/version" 2>&1 || fail "what was built does not run" 70

if [ -e "$PREFIX" ]; then mv "$PREFIX" "$work/replaced"; fi
mv "$new" "$PREFIX"
say "$(head -n 1 "$work/version") is in $PREFIX, and used after:  ocr-pipeline config set tesseract $PREFIX/bin/tesseract"
