// Notices on a real bus, with a real host and server; a program plays the desktop.

import Foundation
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import Synchronization
import Testing
import TestSupport

@testable import OmlxDesktop

@Suite(.timeLimit(.minutes(5))) struct SignInNotifierTests {
    @Test("a sign-in that is needed again is told once, made from there, and taken back then")
    func notice() async throws {
        try await withScene { desktop, scene in
            try await desktop.have("notifications on")
            try await scene.signIn()
            let notifier = SignInNotifier(scene.host, hands: scene.hands, environment: desktop.environment) { false }
            async let work: Void = notifier.run()
            try await scene.endSignIn()
            let shown = try await desktop.next("shown")
            #expect(shown["title"]?.stringValue == "Sign in to demo again")
            #expect(shown["actions"]?.stringArrayValue == ["default", "Open page", "login", "Sign in"])
            #expect(shown["entry"]?.stringValue == "dev.omlx.Omlx")
            let number = try #require(shown["number"]?.intValue)
            desktop.tell("choose \(number + 1) login")
            desktop.tell("choose \(number) login")
            #expect(try await desktop.next("withdrawn")["number"]?.intValue == number)
            #expect(try await scene.host.status(StatusRequest(look: .current)).servers[0].signIn.state == .signedIn)
            // Another time it is another notice; one that is put away does not come back.
            try await scene.endSignIn()
            let again = try await desktop.next("shown")
            #expect(again["number"]?.intValue == number + 1)
            await scene.host.finish()
            await work
            #expect(try await desktop.next("withdrawn")["number"]?.intValue == number + 1)
        }
    }

    @Test("a desktop that comes later shows what is still so; one without actions and markup gets neither")
    func later() async throws {
        try await withScene { desktop, scene in
            try await scene.signIn()
            try await scene.endSignIn()
            let notifier = SignInNotifier(scene.host, hands: scene.hands, environment: desktop.environment) { false }
            async let work: Void = notifier.run()
            try await desktop.have("capabilities body")
            try await desktop.have("notifications on")
            let shown = try await desktop.next("shown")
            #expect(shown["actions"]?.stringArrayValue == [])
            try await desktop.have("notifications off")
            try await desktop.have("notifications on")
            #expect(try await desktop.next("shown")["number"]?.intValue == 2)
            await scene.host.finish()
            await work
        }
    }

    @Test("a sign-in without a browser fails at once, and says so in place of the notice")
    func noBrowser() async throws {
        try await withScene { desktop, scene in
            try await desktop.have("notifications on")
            try await scene.signIn()
            let hands = DesktopHands(browse: { _ in false }, openPage: {})
            let notifier = SignInNotifier(scene.host, hands: hands, environment: desktop.environment) { false }
            async let work: Void = notifier.run()
            try await scene.endSignIn()
            let number = try #require(try await desktop.next("shown")["number"]?.intValue)
            desktop.tell("choose \(number) login")
            let failed = try await desktop.next("replaced")
            #expect(failed["title"]?.stringValue == "The sign-in to demo failed")
            #expect(failed["body"]?.stringValue == "no browser could be started")
            await scene.host.finish()
            await work
        }
    }

    @Test("an open page, a key in the configuration and the want of a bus leave nothing to see", arguments: [0, 1, 2])
    func silent(_ reason: Int) async throws {
        try await withScene(settings: reason == 1 ? ", \"notifications\": false" : "") { desktop, scene in
            try await desktop.have("notifications on")
            try await scene.signIn()
            let environment = reason == 2 ? ["PATH": "/usr/bin"] : desktop.environment
            let notifier = SignInNotifier(scene.host, hands: scene.hands, environment: environment) { reason == 0 }
            let work = Task { await notifier.run() }
            try await scene.endSignIn()
            #expect(try await scene.host.status(StatusRequest(look: .current)).servers[0].needsSignInAgain)
            await scene.host.finish()
            if reason == 2 { work.cancel() }
            await work.value
            #expect(try await desktop.saidSince().isEmpty)
        }
    }
}
