import Bitnet
import Foundation
import XCTest

private let question = [ChatMessage(.user, "What is a lighthouse?")]

private func text(of generation: Generation) async throws -> String {
  var text = ""
  for try await piece in generation {
    text += piece
  }
  return text
}

private func limited(to maxTokens: Int) -> Generation.Options {
  var options = Generation.Options()
  options.maxTokens = maxTokens
  return options
}

/// On the model that BITNET_MODEL names, or on the one that comes with the source tree.
final class BitnetTests: XCTestCase {
  private static let modelPath =
    ProcessInfo.processInfo.environment["BITNET_MODEL"]
    ?? URL(fileURLWithPath: #filePath).appendingPathComponent(
      "../../../../../models/lighthouse-1.58b-6m.gguf"
    ).standardizedFileURL.path

  func testStreamsAnAnswerInPieces() async throws {
    let engine = try Engine(path: Self.modelPath)
    var pieces: [String] = []
    for try await piece in try engine.chat(question, options: limited(to: 20)) {
      pieces.append(piece)
    }
    XCTAssertGreaterThan(pieces.count, 3)
    XCTAssertTrue(pieces.joined().contains("lighthouse"))
  }

  func testAnswersSeveralAtOnceAsAlone() async throws {
    let engine = try Engine(path: Self.modelPath)
    let alone = try await text(of: engine.chat(question, options: limited(to: 20)))
    let answers = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<8 {
        group.addTask { try await text(of: engine.chat(question, options: limited(to: 20))) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    XCTAssertEqual(answers, Array(repeating: alone, count: 8))
  }

  func testEndsWhenItIsCancelled() async throws {
    let engine = try Engine(path: Self.modelPath)
    var options = Generation.Options()
    options.pattern = "[a-z ]{400}"
    let generation = try engine.chat(question, options: options)
    var text = ""
    for try await piece in generation {
      text += piece
      generation.cancel()
    }
    XCTAssertFalse(text.isEmpty)
    XCTAssertLessThan(text.count, 400)
  }

  func testKeepsAnAnswerToAPattern() async throws {
    let engine = try Engine(path: Self.modelPath)
    var options = Generation.Options()
    options.pattern = "(yes|no)"
    let answer = try await text(of: engine.chat(question, options: options))
    XCTAssertTrue(["yes", "no"].contains(answer), answer)
  }

  func testSaysWhatIsWrong() throws {
    XCTAssertThrowsError(try Engine(path: "/nowhere.gguf")) { error in
      XCTAssertEqual((error as? BitnetError)?.code, 5)
      XCTAssertTrue("\(error)".contains("/nowhere.gguf"), "\(error)")
    }
  }
}
