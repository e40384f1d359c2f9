/// A module of the program's own that has the name of a room.
public struct Document {
    public let name = "JSON"
    public init() {}
}
