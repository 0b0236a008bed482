// swift-tools-version: 5.9
import Foundation
import PackageDescription

// The C library is either Bitnet.xcframework, which make_xcframework.sh puts beside this file, for apps on macOS and
// iOS; or, without it, the one that is installed on this machine (cmake --install, found by pkg-config).
let framework = "Bitnet.xcframework"
let hasFramework = FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + framework)
let library: Target =
  hasFramework
  ? .binaryTarget(name: "CBitnet", path: framework)
  : .systemLibrary(name: "CBitnet", pkgConfig: "bitnet")

let package = Package(
  name: "Bitnet",
  // The first whose C++ library has std::to_chars for numbers with a point.
  platforms: [.macOS("13.3"), .iOS("16.3")],
  products: [.library(name: "Bitnet", targets: ["Bitnet"])],
  targets: [
    library,
    // The archive in the framework is C++.
    .target(
      name: "Bitnet", dependencies: ["CBitnet"],
      linkerSettings: hasFramework ? [.linkedLibrary("c++")] : []),
    .executableTarget(name: "Ask", dependencies: ["Bitnet"]),
    .testTarget(name: "BitnetTests", dependencies: ["Bitnet"]),
  ]
)
