#!/bin/sh
# Makes every picture from the SVG sources: needs rsvg-convert (librsvg2-bin) and node.
# The results are committed, so that nobody needs these tools to build.
set -eu
cd "$(dirname "$0")"

draw() { rsvg-convert --width "$2" --height "$2" --output "$3" "$1"; }

# The application's icon; the smallest sizes have a drawing of their own.
draw source/small.svg 32 32x32.png
draw source/app.svg 128 128x128.png
draw source/app.svg 256 128x128@2x.png
draw source/app.svg 512 icon.png

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
for size in 16 24 32 48; do draw source/small.svg $size "$parts/$size.png"; done
for size in 64 128 256 512 1024; do draw source/app.svg $size "$parts/$size.png"; done
node pack.mjs "$parts"

# The tray: one drawing per tone, coloured for light panels, dark panels, and as a macOS template (shape only).
# The sign's shape tells the tone; its colour only helps.
mkdir -p tray
for tone in idle connected working attention broken; do
  for panel in light dark template; do
    case "$panel-$tone" in
      light-connected) sign=#17704a ;; dark-connected) sign=#63c897 ;;
      light-working) sign=#245cae ;; dark-working) sign=#8ab5f7 ;;
      light-attention) sign=#b36b00 ;; dark-attention) sign=#f0b450 ;;
      light-broken) sign=#c22b21 ;; dark-broken) sign=#ff8379 ;;
      *) sign=#000000 ;;
    esac
    case $panel in light) ink=#2b2630 ;; dark) ink=#f2eff4 ;; *) ink=#000000 ;; esac
    sed "s/INK/$ink/g; s/SIGN/$sign/g" "source/tray/$tone.svg" > "$parts/tray.svg"
    draw "$parts/tray.svg" 22 "tray/$tone-$panel.png"
    draw "$parts/tray.svg" 44 "tray/$tone-$panel@2x.png"
  done
done

# The dashboard wears the same mark.
cp source/small.svg ../ui/public/favicon.svg
