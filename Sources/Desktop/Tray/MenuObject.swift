// com.canonical.dbusmenu: the menu as an object on the bus.

import Synchronization

/// The menu of the tray. It answers from what is shown, and says what was chosen.
final class MenuObject: BusObject {
    static let path = "/MenuBar"

    let interface = "com.canonical.dbusmenu"
    private let menu: Mutex<TrayMenu>
    private let choose: @Sendable (TrayChoice) -> Void

    init(_ lines: [TrayLine], choose: @escaping @Sendable (TrayChoice) -> Void) {
        menu = Mutex(TrayMenu(lines))
        self.choose = choose
    }

    /// Shows other lines.
    /// - Returns: the signal that tells of it, if one does.
    func show(_ lines: [TrayLine]) -> (name: String, arguments: [BusValue])? {
        menu.withLock { menu in
            switch menu.show(lines) {
            case .nothing: nil
            case .layout: ("LayoutUpdated", [.uint32(menu.revision), .int32(0)])
            case .labels(let numbers):
                (
                    "ItemsPropertiesUpdated",
                    [menu.properties(of: numbers, names: ["label"]), .array("(ias)", [])]
                )
            }
        }
    }

    func property(_ name: String) -> BusValue? {
        switch name {
        case "Version": .uint32(3)
        case "TextDirection": .text("ltr")
        case "Status": .text("normal")
        case "IconThemePath": .texts([])
        default: nil
        }
    }

    func call(_ method: String, _ arguments: [BusValue]) throws(BusError) -> [BusValue] {
        switch method {
        case "GetLayout":
            let (number, depth) = (arguments.first?.signed ?? 0, arguments.dropFirst().first?.signed ?? -1)
            let names = Self.texts(arguments.dropFirst(2).first)
            let (revision, layout) = menu.withLock { ($0.revision, $0.layout(number, depth: depth, names: names)) }
            guard let layout else { throw .invalid("there is no line \(number)") }
            return [.uint32(revision), layout]
        case "GetGroupProperties":
            let numbers = Self.numbers(arguments.first)
            let names = Self.texts(arguments.dropFirst().first)
            return [menu.withLock { $0.properties(of: numbers, names: names) }]
        case "GetProperty":
            let (number, name) = (arguments.first?.signed ?? 0, arguments.last?.string ?? "")
            guard let value = menu.withLock({ $0.property(number, name) }) else { throw .invalid("it has no \(name)") }
            return [.variant(value)]
        case "Event":
            return try event(arguments)
        case "EventGroup":
            let events = arguments.first?.elements?.map { $0.elements ?? [] } ?? []
            return [.array("i", events.filter { (try? event($0)) == nil }.compactMap(\.first))]
        // What is shown is always what there is.
        case "AboutToShow": return [.boolean(false)]
        case "AboutToShowGroup": return [.array("i", []), .array("i", [])]
        default: throw .unknownMethod
        }
    }

    private func event(_ arguments: [BusValue]) throws(BusError) -> [BusValue] {
        guard arguments.count == 4, let number = arguments[0].signed, menu.withLock({ $0.has(number) }) else {
            throw .invalid("there is no such line")
        }
        if arguments[1].string == "clicked", let choice = menu.withLock({ $0.choice(number) }) { choose(choice) }
        return []
    }

    private static func texts(_ value: BusValue?) -> Set<String> {
        Set(value?.elements?.compactMap(\.string) ?? [])
    }

    private static func numbers(_ value: BusValue?) -> [Int32] { value?.elements?.compactMap(\.signed) ?? [] }

    let description = """
        <node><interface name="com.canonical.dbusmenu">
        <property name="Version" type="u" access="read"/>
        <property name="TextDirection" type="s" access="read"/>
        <property name="Status" type="s" access="read"/>
        <property name="IconThemePath" type="as" access="read"/>
        <method name="GetLayout">
        <arg type="i" name="parentId" direction="in"/><arg type="i" name="recursionDepth" direction="in"/>
        <arg type="as" name="propertyNames" direction="in"/><arg type="u" name="revision" direction="out"/>
        <arg type="(ia{sv}av)" name="layout" direction="out"/></method>
        <method name="GetGroupProperties">
        <arg type="ai" name="ids" direction="in"/><arg type="as" name="propertyNames" direction="in"/>
        <arg type="a(ia{sv})" name="properties" direction="out"/></method>
        <method name="GetProperty">
        <arg type="i" name="id" direction="in"/><arg type="s" name="name" direction="in"/>
        <arg type="v" name="value" direction="out"/></method>
        <method name="Event">
        <arg type="i" name="id" direction="in"/><arg type="s" name="eventId" direction="in"/>
        <arg type="v" name="data" direction="in"/><arg type="u" name="timestamp" direction="in"/></method>
        <method name="EventGroup">
        <arg type="a(isvu)" name="events" direction="in"/><arg type="ai" name="idErrors" direction="out"/></method>
        <method name="AboutToShow">
        <arg type="i" name="id" direction="in"/><arg type="b" name="needUpdate" direction="out"/></method>
        <method name="AboutToShowGroup">
        <arg type="ai" name="ids" direction="in"/><arg type="ai" name="updatesNeeded" direction="out"/>
        <arg type="ai" name="idErrors" direction="out"/></method>
        <signal name="ItemsPropertiesUpdated">
        <arg type="a(ia{sv})" name="updatedProps"/><arg type="a(ias)" name="removedProps"/></signal>
        <signal name="LayoutUpdated"><arg type="u" name="revision"/><arg type="i" name="parent"/></signal>
        <signal name="ItemActivationRequested"><arg type="i" name="id"/><arg type="u" name="timestamp"/></signal>
        </interface></node>
        """
}
