# Reads QR codes with ZXing, as a telephone would: each line of stdin is a picture, its rows apart by blanks, `1` for
# dark; each line of stdout the text that was found in it as JSON, or null.
import json
import sys

import zxingcpp

SCALE = 3

for line in sys.stdin:
    rows = line.split()
    pixels = bytearray()
    for row in rows:
        pixels += bytes(0 if module == "1" else 255 for module in row for _ in range(SCALE)) * SCALE
    picture = memoryview(pixels).cast("B", (len(rows) * SCALE, len(rows[0]) * SCALE))
    found = zxingcpp.read_barcodes(picture)
    print(json.dumps(found[0].text if len(found) == 1 else None))
