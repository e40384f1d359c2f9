// org.kde.StatusNotifierItem: the icon as an object on the bus.

import OmlxErrors
import Synchronization

/// The icon of the tray.
final class StatusItem: BusObject {
    static let path = "/StatusNotifierItem"

    let interface = "org.kde.StatusNotifierItem"
    private let view: Mutex<TrayView>
    private let choose: @Sendable (TrayChoice) -> Void

    init(_ view: TrayView, choose: @escaping @Sendable (TrayChoice) -> Void) {
        self.view = Mutex(view)
        self.choose = choose
    }

    /// Shows something else.
    /// - Returns: the signals that tell of it.
    func show(_ new: TrayView) -> [(name: String, arguments: [BusValue])] {
        let old = view.withLock { view in
            defer { view = new }
            return view
        }
        var signals: [(String, [BusValue])] = []
        if old.mark != new.mark {
            signals = [("NewIcon", []), ("NewAttentionIcon", []), ("NewStatus", [.text(Self.status(new))])]
        }
        if old.sentence != new.sentence || old.mark != new.mark { signals.append(("NewToolTip", [])) }
        return signals
    }

    private static func status(_ view: TrayView) -> String { view.mark == .attention ? "NeedsAttention" : "Active" }

    func property(_ name: String) -> BusValue? {
        let view = view.withLock { $0 }
        return switch name {
        case "Category": .text("ApplicationStatus")
        case "Id", "Title": .text("omlx")
        case "Status": .text(Self.status(view))
        case "WindowId": .int32(0)
        case "IconThemePath", "IconName", "OverlayIconName", "AttentionIconName", "AttentionMovieName": .text("")
        case "IconPixmap": TrayIcon.pixmaps(view.mark)
        case "AttentionIconPixmap": TrayIcon.pixmaps(.attention)
        case "OverlayIconPixmap": TrayIcon.none
        case "ToolTip": .tuple([.text(""), TrayIcon.none, .text("omlx"), .text(view.sentence)])
        case "ItemIsMenu": .boolean(false)
        case "Menu": .path(MenuObject.path)
        default: nil
        }
    }

    func call(_ method: String, _ arguments: [BusValue]) throws(BusError) -> [BusValue] {
        switch method {
        case "Activate":
            choose(.openPage)
            return []
        // The panel has the menu, and shows it.
        case "ContextMenu", "SecondaryActivate", "Scroll", "ProvideXdgActivationToken": return []
        default: throw .unknownMethod
        }
    }

    let description = """
        <node><interface name="org.kde.StatusNotifierItem">
        <property name="Category" type="s" access="read"/>
        <property name="Id" type="s" access="read"/>
        <property name="Title" type="s" access="read"/>
        <property name="Status" type="s" access="read"/>
        <property name="WindowId" type="i" access="read"/>
        <property name="IconThemePath" type="s" access="read"/>
        <property name="IconName" type="s" access="read"/>
        <property name="IconPixmap" type="a(iiay)" access="read"/>
        <property name="OverlayIconName" type="s" access="read"/>
        <property name="OverlayIconPixmap" type="a(iiay)" access="read"/>
        <property name="AttentionIconName" type="s" access="read"/>
        <property name="AttentionIconPixmap" type="a(iiay)" access="read"/>
        <property name="AttentionMovieName" type="s" access="read"/>
        <property name="ToolTip" type="(sa(iiay)ss)" access="read"/>
        <property name="ItemIsMenu" type="b" access="read"/>
        <property name="Menu" type="o" access="read"/>
        <method name="ContextMenu"><arg type="i" name="x" direction="in"/><arg type="i" name="y" direction="in"/></method>
        <method name="Activate"><arg type="i" name="x" direction="in"/><arg type="i" name="y" direction="in"/></method>
        <method name="SecondaryActivate"><arg type="i" name="x" direction="in"/><arg type="i" name="y" direction="in"/></method>
        <method name="Scroll"><arg type="i" name="delta" direction="in"/><arg type="s" name="orientation" direction="in"/></method>
        <method name="ProvideXdgActivationToken"><arg type="s" name="token" direction="in"/></method>
        <signal name="NewTitle"/><signal name="NewIcon"/><signal name="NewAttentionIcon"/><signal name="NewOverlayIcon"/>
        <signal name="NewToolTip"/><signal name="NewStatus"><arg type="s" name="status"/></signal>
        </interface></node>
        """
}
