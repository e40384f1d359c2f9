// Words of a command a person is told to type.

extension String {
    /// The text as one word of a POSIX shell: as it is where that is safe, else in single quotes, with what cannot be
    /// shown replaced. What a server says can so be pasted without running anything.
    public var shellWord: String {
        let shown = OmlxError.shown(self, limit: 1000)
        let plain = "-_./:@%+=,"
        let isPlain =
            !shown.isEmpty && shown.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || plain.contains($0)) }
        return isPlain ? shown : "'" + shown.replacing("'", with: "'\\''") + "'"
    }
}
