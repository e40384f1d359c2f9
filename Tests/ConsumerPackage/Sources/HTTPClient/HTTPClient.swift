/// A module and a type of the program's own that have the names of a room and of its type.
public struct HTTPClient {
    public let name = "HTTPClient"
    public init() {}
}
