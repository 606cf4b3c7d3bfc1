// Packs PNGs into icon.ico (Windows) and icon.icns (macOS). Both are plain containers around whole PNG files.
import { readFileSync, writeFileSync } from "node:fs";

const parts = process.argv[2];
const png = (size) => readFileSync(`${parts}/${size}.png`);

function ico(sizes) {
  const images = sizes.map(png);
  const head = Buffer.alloc(6 + 16 * sizes.length);
  head.writeUInt16LE(1, 2); // an icon, not a cursor
  head.writeUInt16LE(sizes.length, 4);
  let offset = head.length;
  sizes.forEach((size, n) => {
    const at = 6 + 16 * n;
    head.writeUInt8(size % 256, at); // 256 is written as 0
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4); // planes
    head.writeUInt16LE(32, at + 6); // bits per pixel
    head.writeUInt32LE(images[n].length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += images[n].length;
  });
  return Buffer.concat([head, ...images]);
}

function icns(entries) {
  const blocks = entries.map(([kind, size]) => {
    const image = png(size);
    const head = Buffer.alloc(8);
    head.write(kind, 0, "latin1");
    head.writeUInt32BE(image.length + 8, 4);
    return Buffer.concat([head, image]);
  });
  const head = Buffer.alloc(8);
  head.write("icns", 0, "latin1");
  head.writeUInt32BE(8 + blocks.reduce((sum, block) => sum + block.length, 0), 4);
  return Buffer.concat([head, ...blocks]);
}

writeFileSync("icon.ico", ico([16, 24, 32, 48, 64, 256]));
// 16@2x, 32@2x, 128, 256, 512, then the doubled 128, 256 and 512.
writeFileSync(
  "icon.icns",
  icns([
    ["ic11", 32],
    ["ic12", 64],
    ["ic07", 128],
    ["ic08", 256],
    ["ic09", 512],
    ["ic13", 256],
    ["ic14", 512],
    ["ic10", 1024],
  ]),
);
