// The arguments of a call held against the types of mcpo 0.0.20, with the words of pydantic 2 for what is wrong.

import OmlxJSON

/// What is wrong with an argument.
struct FormIssue: Sendable, Hashable {
    var type: String
    var message: String
    var input: JSON
    var context: JSON?
    /// Where it is, the innermost name or number first.
    var way: [JSON] = []

    init(_ type: String, _ message: String, _ input: JSON, context: JSON? = nil, way: [JSON] = []) {
        (self.type, self.message, self.input, self.context, self.way) = (type, message, input, context, way)
    }

    /// The entry of a 422 (FastAPI 0.115).
    var json: JSON {
        var entry: JSONObject = [
            "type": .string(type), "loc": .array([.string("body")] + way.reversed()), "msg": .string(message),
            "input": input,
        ]
        if let context { entry["ctx"] = context }
        return .object(entry)
    }

    /// The body of a 422.
    static func body(_ issues: [FormIssue]) -> JSON { ["detail": .array(issues.map(\.json))] }
}

/// Checks values, and makes of them what is sent.
struct FormCheck {
    private(set) var issues: [FormIssue] = []

    /// A value that passed.
    struct Passed {
        var value: JSON
        /// How well the type fits: 0 converted, 1 nearly, 2 exactly.
        var fit = 2
        /// How many members of a model were given, where it is one.
        var members: Int?
    }

    /// The arguments to send: what is not known is left out, what is missing stands as its default, and what is null is not
    /// sent.
    /// - Returns: `nil` when something is wrong.
    static func arguments(_ body: JSON, _ model: FormModel) -> Result<JSONObject, FormIssues> {
        var check = FormCheck()
        let passed = check.model(body, model)
        guard check.issues.isEmpty, case .object(let object)? = passed?.value else {
            return .failure(FormIssues(issues: check.issues))
        }
        return .success(object)
    }

    mutating func add(_ issue: FormIssue) { issues.append(issue) }

    private mutating func fail(_ type: String, _ message: String, _ input: JSON) -> Passed? {
        issues.append(FormIssue(type, message, input))
        return nil
    }

    private mutating func at(_ step: JSON, _ check: (inout FormCheck) -> Passed?) -> Passed? {
        let before = issues.count
        let passed = check(&self)
        for place in issues.indices[before...] { issues[place].way.append(step) }
        return passed
    }

    mutating func value(_ value: JSON, _ type: FormType) -> Passed? {
        switch type {
        case .any: Passed(value: value, fit: 0)
        case .null: value.isNull ? Passed(value: value) : fail("none_required", "Input should be None", value)
        case .boolean: boolean(value)
        case .integer: integer(value)
        case .number: number(value)
        case .text:
            value.stringValue != nil
                ? Passed(value: value) : fail("string_type", "Input should be a valid string", value)
        case .dictionary:
            value.isObject ? Passed(value: value) : fail("dict_type", "Input should be a valid dictionary", value)
        case .list(let element): list(value, element.type)
        case .model(let model): self.model(value, model)
        case .union(let options): union(value, options)
        }
    }

    private mutating func list(_ value: JSON, _ element: FormType) -> Passed? {
        guard let elements = value.arrayValue else {
            return fail("list_type", "Input should be a valid list", value)
        }
        if case .any = element { return Passed(value: value) }
        var fit = 2
        var passed: [JSON] = []
        passed.reserveCapacity(elements.count)
        for (number, one) in elements.enumerated() {
            guard let checked = at(JSON(number), { $0.value(one, element) }) else { continue }
            fit = min(fit, checked.fit)
            passed.append(checked.value)
        }
        return passed.count == elements.count ? Passed(value: .array(passed), fit: fit) : nil
    }

    private mutating func model(_ value: JSON, _ model: FormModel) -> Passed? {
        guard let given = value.objectValue else {
            return fail(
                "model_attributes_type", "Input should be a valid dictionary or object to extract fields from", value)
        }
        var object = JSONObject()
        var isGood = true
        var fit = 2
        var members = 0
        for field in model.fields {
            guard let argument = given[field.name] else {
                if field.isRequired {
                    issues.append(FormIssue("missing", "Field required", value, way: [.string(field.name)]))
                    isGood = false
                } else if let fallback = field.fallback {
                    object[field.name] = fallback
                }
                continue
            }
            members += 1
            guard let checked = at(.string(field.name), { $0.value(argument, field.schema.type) }) else {
                isGood = false
                continue
            }
            fit = min(fit, checked.fit)
            if !checked.value.isNull { object[field.name] = checked.value }
        }
        return isGood ? Passed(value: .object(object), fit: min(fit, 0), members: members) : nil
    }

    private mutating func union(_ value: JSON, _ options: [FormSchema]) -> Passed? {
        if let others = FormType.nullable(options) {
            if value.isNull { return Passed(value: value) }
            return others.count == 1 ? self.value(value, others[0].type) : one(value, of: others)
        }
        return one(value, of: options)
    }

    /// The option that fits best, the first one of several.
    private mutating func one(_ value: JSON, of options: [FormSchema]) -> Passed? {
        let before = issues
        var best: Passed?
        for option in options {
            guard let passed = at(.string(option.type.tag), { $0.value(value, option.type) }) else { continue }
            if passed.fit == 2 {
                issues = before
                return passed
            }
            if best.map({ ($0.members ?? -1, $0.fit) < (passed.members ?? -1, passed.fit) }) ?? true { best = passed }
        }
        if best != nil { issues = before }
        return best
    }
}

/// Why arguments were refused.
struct FormIssues: Error {
    let issues: [FormIssue]
}
