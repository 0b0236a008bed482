import Bitnet
import Foundation

/// One question, and the answer as it comes: swift run Ask MODEL QUESTION
@main
struct Ask {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else {
      FileHandle.standardError.write(Data("usage: Ask MODEL QUESTION\n".utf8))
      exit(2)
    }
    do {
      let engine = try Engine(path: arguments[1])
      var options = Generation.Options()
      options.maxTokens = 64
      for try await piece in try engine.chat([ChatMessage(.user, arguments[2])], options: options) {
        FileHandle.standardOutput.write(Data(piece.utf8))
      }
      print()
    } catch {
      FileHandle.standardError.write(Data("Ask: \(error)\n".utf8))
      exit(1)
    }
  }
}
