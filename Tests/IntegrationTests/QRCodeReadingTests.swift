// A reader nobody here wrote (ZXing) reads what a terminal shows.

import Foundation
import Testing

@testable import OmlxQRCode
@testable import omlx

@Suite("reading QR codes")
struct QRCodeReadingTests {
    /// The lines of a terminal as rows of modules, `1` for dark.
    private func picture(_ lines: [String], isColoured: Bool) -> String {
        lines.flatMap { line -> [String] in
            let blocks = line.filter { "█▀▄".contains($0) || ($0 == " ") }
            // Black is the colour of the text when colours are set; else the text is light.
            func row(_ full: Character) -> String {
                String(blocks.map { ($0 == "█" || $0 == full) == isColoured ? "1" : "0" })
            }
            return [row("▀"), row("▄")]
        }.joined(separator: " ")
    }

    @Test("RFC 8628 §3.3.1: short and long addresses are read as they are, in every version", arguments: [true, false])
    func lengths(isColoured: Bool) async throws {
        try await TestHome.with { home in
            let alphabet = Array("https://as.example/device?user_code=WDJB-MJHT&language=de%20CH#~+;é")
            // The most that versions 1 to 10 hold with error correction M and L, one more, and others.
            let full = [14, 17, 26, 32, 42, 53, 62, 78, 84, 106, 122, 134, 152, 154, 180, 192, 213, 230, 268]
            let counts = Set(full + full.map { $0 + 1 } + [1, 2, 100, 200])
            let texts = counts.map { count in
                String((0..<count).map { alphabet[($0 * ($0 > alphabet.count ? 7 : 1)) % alphabet.count] })
            }.filter { $0.utf8.count <= 271 }
            let pictures = try texts.map { text in
                let code = try #require(QRCode(text: text))
                return picture(
                    try #require(code.terminalLines(columns: 80, isColoured: isColoured)), isColoured: isColoured)
            }
            let run = try await home.run(
                try Repository.python("zxing"), ["-B", Repository.servers + "/read_qr.py"],
                input: pictures.joined(separator: "\n") + "\n")
            let read = run.lines.map { Document(parsing: Array($0.utf8)).string }
            #expect(read.count == texts.count, "\(run)")
            let wrong = zip(texts, read).filter { $0 != $1 }
            #expect(wrong.isEmpty, "\(wrong.map { "\($0.0.utf8.count) bytes: \($0.1 ?? "nothing")" })")
        }
    }
}
