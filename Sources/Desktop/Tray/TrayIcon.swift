// The tray's icon, drawn: a panel shows it in whatever size, and no file of ours need be installed for that.

/// A picture of a state: a ring, with a dot when all is well, an exclamation mark where a person is wanted, struck through
/// when omlx does not run. States differ in shape and in color, which light and dark panels show alike.
enum TrayIcon {
    private static let sizes = [16, 22, 24, 32, 48, 64]

    /// `a(iiay)`: the picture in several sizes, as ARGB32 in network byte order (StatusNotifierItem, "Icons").
    static func pixmaps(_ mark: TrayView.Mark) -> BusValue {
        .array(
            "(iiay)",
            sizes.map { size in
                .tuple([.int32(Int32(size)), .int32(Int32(size)), .bytes(pixels(mark, size: size))])
            })
    }

    /// No picture.
    static let none = BusValue.array("(iiay)", [])

    static func pixels(_ mark: TrayView.Mark, size: Int) -> [UInt8] {
        let color = color(of: mark)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size * size * 4)
        for y in 0..<size {
            for x in 0..<size {
                // The square from -1 to 1 on both axes.
                let scale = 2 / Double(size)
                let (px, py) = ((Double(x) + 0.5) * scale - 1, (Double(y) + 0.5) * scale - 1)
                let distance = distance(mark, px, py)
                // One pixel wide, the edge is smooth.
                let cover = min(1, max(0, 0.5 - distance / scale))
                bytes += [UInt8(cover * 255)] + color
            }
        }
        return bytes
    }

    private static func color(of mark: TrayView.Mark) -> [UInt8] {
        switch mark {
        case .well: [0x3D, 0xA8, 0x6F]
        case .attention: [0xE8, 0x8A, 0x1A]
        case .off: [0x8C, 0x93, 0x9C]
        }
    }

    /// How far a point is outside of the picture; negative inside.
    private static func distance(_ mark: TrayView.Mark, _ x: Double, _ y: Double) -> Double {
        let radius = (x * x + y * y).squareRoot()
        let ring = abs(radius - 0.76) - 0.14
        switch mark {
        case .well: return min(ring, radius - 0.28)
        case .attention:
            let dot = (x * x + (y - 0.36) * (y - 0.36)).squareRoot() - 0.13
            return min(ring, bar(x, y, from: (0, -0.38), to: (0, 0.06), width: 0.12), dot)
        case .off: return min(ring, bar(x, y, from: (-0.46, 0.46), to: (0.46, -0.46), width: 0.11))
        }
    }

    private static func bar(
        _ x: Double, _ y: Double, from a: (x: Double, y: Double), to b: (x: Double, y: Double), width: Double
    ) -> Double {
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let along = min(1, max(0, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy)))
        let (ex, ey) = (x - a.x - along * dx, y - a.y - along * dy)
        return (ex * ex + ey * ey).squareRoot() - width
    }
}
