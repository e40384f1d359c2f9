// A remedy as the status database keeps it.

import OmlxErrors
import OmlxJSON

extension Remedy {
    /// The remedy as text: its words where it has no action, else the text of its JSON form.
    var stored: String { actions.isEmpty ? plainText : (try? JSON(encoding: self))?.text() ?? plainText }

    /// Reads what `stored` gave, and the words that older versions kept.
    init(stored text: String) {
        guard text.hasPrefix("[{"), let remedy = try? JSON(parsing: text).decoded(as: Remedy.self) else {
            self.init(text)
            return
        }
        self = remedy
    }
}
