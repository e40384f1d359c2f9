// Bodies in each content coding, made by others: zlib and gzip by Python, brotli by its own encoder, zstd by hand.

import Foundation
import TestSupport

/// Makes encoded bodies.
enum Encoded {
    struct ToolFailure: Error {}

    /// Runs a Python expression over `data`, the bytes handed in.
    private static func python(_ expression: String, _ data: [UInt8]) throws -> [UInt8] {
        let program = "import gzip, sys, zlib\ndata = sys.stdin.buffer.read()\nsys.stdout.buffer.write(\(expression))"
        let run = try ChildCommand.run("/usr/bin/env", ["python3", "-c", program], input: data)
        guard run.status == 0 else { throw ToolFailure() }
        return run.output
    }

    static func gzip(_ text: String) throws -> [UInt8] { try gzip(bytes: Array(text.utf8)) }
    static func gzip(bytes: [UInt8]) throws -> [UInt8] { try python("gzip.compress(data)", bytes) }
    static func zlib(_ text: String) throws -> [UInt8] { try python("zlib.compress(data)", Array(text.utf8)) }
    static func rawDeflate(_ text: String) throws -> [UInt8] {
        try python("zlib.compress(data)[2:-4]", Array(text.utf8))
    }

    /// So many zeros in gzip.
    static func gzipBomb(_ count: Int) throws -> [UInt8] { try python("gzip.compress(bytes(\(count)))", []) }

    /// A zstd frame with a window of 8 MiB (RFC 8878 §3.1.1): blocks as they are.
    static func zstd(_ text: String, windowLog: UInt8 = 23) -> [UInt8] {
        let bytes = Array(text.utf8)
        return frameStart(windowLog) + blockHeader(isLast: true, kind: 0, size: bytes.count) + bytes
    }

    /// So many times 128 KiB of zeros.
    static func zstdBomb(blocks: Int) -> [UInt8] {
        (1...blocks).reduce(into: frameStart(23)) { bytes, number in
            bytes += blockHeader(isLast: number == blocks, kind: 1, size: 128 << 10) + [0]
        }
    }

    private static func frameStart(_ windowLog: UInt8) -> [UInt8] {
        [0x28, 0xB5, 0x2F, 0xFD, 0x00, (windowLog - 10) << 3]
    }

    private static func blockHeader(isLast: Bool, kind: Int, size: Int) -> [UInt8] {
        let value = (isLast ? 1 : 0) | kind << 1 | size << 3
        return [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value >> 16 & 0xFF)]
    }

    /// `message` in brotli.
    static let brotli = bytes(
        "1b3c00f88dd315f32384758f87f756ea2f9ba1559142c0eee24f9daebed664145528d23a64a187337ed8ff3ddf1b68b948d6a42648307a08"
            + "1c730f")
    /// 64 MiB of zeros in brotli.
    static let brotliBomb = bytes(
        "cbffff3f002400e2b14072effff8ffff078004401c1680eefd1fffffff00900088c302d0bdffe3ffff1f001200715800baf77ffcffff0340"
            + "02200e0b40f7fe8fffff7f004800c46101e8defff1ffff0f000980382c00ddfbbffcffff032001108705a07bff07")
    /// Two events, each flushed, and the end.
    static let brotliEvents = [
        bytes("0b0580646174613a206f6e650a0a"), bytes("5000805f5ae18dee4e11a24a04600b"), bytes("03"),
    ]

    static let message = #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}"#

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = hexadecimal[...]
        while rest.count > 1 {
            bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
