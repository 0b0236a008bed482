import CBitnet
import Foundation

/// One answer, under way: its pieces of text, each as soon as it is there.
///
///     for try await piece in try engine.chat([ChatMessage(.user, "What is a lighthouse?")]) {
///       print(piece, terminator: "")
///     }
///
/// It is read once. It ends early when the task that reads it is cancelled, when the loop is left and the sequence let
/// go, and with `cancel()`.
public struct Generation: AsyncSequence, Sendable {
  public typealias Element = String
  public typealias AsyncIterator = AsyncThrowingStream<String, Error>.Iterator

  /// How an answer is chosen; what is 0 has the library's default.
  public struct Options: Sendable {
    /// 0: until the answer ends or the context is full.
    public var maxTokens = 0
    /// 0: the likeliest token, always.
    public var temperature: Float = 0
    public var topK = 0
    public var topP: Float = 0
    /// The same seed, prompt and options give the same answer, on every machine.
    public var seed: UInt64 = 0
    /// A regular expression that the whole answer matches.
    public var pattern: String?

    public init() {}
  }

  private let handle: Handle
  private let pieces: AsyncThrowingStream<String, Error>

  init(engine: Engine, prompt: [Int32], options: Options) throws {
    let handle = try Handle(engine: engine, prompt: prompt, options: options)
    self.handle = handle
    pieces = AsyncThrowingStream { continuation in
      continuation.onTermination = { _ in handle.cancel() }
      // A thread that waits is none of the pool that runs tasks: that one has no more than there are cores.
      Thread.detachNewThread { handle.read(into: continuation) }
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    pieces.makeAsyncIterator()
  }

  /// Ends it within one step; what has come until then can still be read.
  public func cancel() {
    handle.cancel()
  }
}

/// The library's object. Two threads use it: the one that reads, and whoever cancels.
private final class Handle: @unchecked Sendable {
  private let generation: OpaquePointer

  init(engine: Engine, prompt: [Int32], options: Generation.Options) throws {
    var raw = bitnet_generation_options()
    bitnet_generation_options_init(&raw)
    raw.max_tokens = Int32(options.maxTokens)
    raw.temperature = options.temperature
    raw.top_k = Int32(options.topK)
    raw.top_p = options.topP
    raw.seed = options.seed
    let pattern = options.pattern.map { strdup($0) }
    defer { free(pattern ?? nil) }
    if let pattern {
      raw.constraint = BITNET_CONSTRAINT_REGEX
      raw.constraint_text = UnsafePointer(pattern)
    }
    var created: OpaquePointer?
    try prompt.withUnsafeBufferPointer { tokens in
      try call { error in
        bitnet_generation_create(
          engine.handle, tokens.baseAddress, tokens.count, &raw, &created, error)
      }
    }
    generation = created!
  }

  deinit {
    bitnet_generation_destroy(generation)
  }

  func cancel() {
    bitnet_generation_cancel(generation)
  }

  func read(into continuation: AsyncThrowingStream<String, Error>.Continuation) {
    var event = bitnet_event()
    bitnet_event_init(&event)
    do {
      repeat {
        try call { error in
          bitnet_generation_next(generation, Int64(BITNET_WAIT_FOREVER), &event, error)
        }
        if event.text_bytes > 0 {
          let bytes = UnsafeRawBufferPointer(start: event.text, count: event.text_bytes)
          continuation.yield(String(decoding: bytes, as: UTF8.self))
        }
      } while event.finish == BITNET_UNFINISHED
      continuation.finish()
    } catch {
      continuation.finish(throwing: error)
    }
  }
}
