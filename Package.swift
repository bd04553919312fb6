// swift-tools-version: 6.2
// The layers of CONTRIBUTING.md, made true by the compiler: imports run downward only.

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// A C library from the prefix that scripts/deps builds, found through pkg-config.
func library(_ name: String, _ pkgConfig: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig)
}

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A module of words and decisions rather than of throughput: a tenth smaller when it is compiled for size.
func compactModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    let forSize = SwiftSetting.unsafeFlags(["-Osize"], .when(configuration: .release))
    return .target(name: name, dependencies: dependencies, swiftSettings: strict + [forSize])
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
    -> Target
{
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "davit",
    products: [.executable(name: "davit", targets: ["davit"])],
    targets: [
        // C: module maps and thin shims.
        library("CBlkid", "blkid"),
        library("CCryptsetup", "libcryptsetup"),
        library("CJSON", "json-c"),
        library("CLZMA", "liblzma"),
        library("CSSH", "libssh"),
        library("CZlib", "zlib"),
        library("CZstandard", "libzstd"),
        .target(name: "CLinux"),
        .target(name: "CStatic"),

        // Leaf modules: no imports but of each other.
        module("Addresses"),
        module("Arguments"),
        module("Bytes"),

        // Cores: pure; no system calls, no clock, no input or output.
        module("BootCore", ["SSHCore"]),
        compactModule("ExportCore", ["Addresses"]),
        module("NetworkCore", ["Addresses", "Bytes"]),
        module("SSHCore", ["Addresses", "Bytes"]),
        compactModule("SCPCore"),
        compactModule("SFTPCore", ["Bytes"]),
        module("RepairCore"),
        module("UnlockCore"),

        // Kits: the only callers of the kernel and of C libraries.
        module("LinuxKit", ["CLinux", "Addresses", "Bytes"]),
        module("BlkidKit", ["CBlkid", "LinuxKit"]),
        module("CryptKit", ["CCryptsetup", "CStatic"]),
        module("JSONKit", ["CJSON"]),
        compactModule("PackingKit", ["CLZMA", "CZlib", "CZstandard"]),
        compactModule("ModuleKit", ["CLinux", "LinuxKit", "PackingKit"]),
        module("SSHKit", ["Bytes", "CSSH", "LinuxKit"]),
        module("Recorder", ["Addresses", "CLinux", "LinuxKit"]),

        // Services: read an event, ask the machine, perform the effects.
        compactModule(
            "Export",
            ["Addresses", "BlkidKit", "ExportCore", "JSONKit", "LinuxKit", "ModuleKit", "Recorder"]),
        module(
            "Boot",
            [
                "BlkidKit", "BootCore", "CryptKit", "ExportCore", "JSONKit", "LinuxKit",
                "ModuleKit", "Recorder",
            ]),
        compactModule("FileTransfer", ["LinuxKit", "SCPCore", "SFTPCore"]),
        module(
            "Network", ["Addresses", "Bytes", "JSONKit", "LinuxKit", "NetworkCore", "Recorder"]),
        module(
            "SSHServer", ["Addresses", "JSONKit", "LinuxKit", "Recorder", "SSHCore", "SSHKit"]),
        module(
            "Repair",
            ["BlkidKit", "JSONKit", "LinuxKit", "ModuleKit", "Recorder", "RepairCore"]),
        module(
            "Unlock", ["BlkidKit", "CryptKit", "JSONKit", "LinuxKit", "Recorder", "UnlockCore"]),

        // The program: an applet table; one command, one file.
        .executableTarget(
            name: "davit",
            dependencies: [
                "Arguments", "BlkidKit", "Boot", "BootCore", "CStatic", "CryptKit", "Export",
                "ExportCore", "FileTransfer", "JSONKit", "LinuxKit", "ModuleKit", "Network",
                "PackingKit", "Recorder", "Repair", "RepairCore",
                "SSHCore", "SSHKit", "SSHServer", "Unlock", "UnlockCore",
            ],
            swiftSettings: strict),

        tests("AddressesTests", ["Addresses"]),
        tests("ArgumentsTests", ["Arguments"]),
        tests("BlkidKitTests", ["BlkidKit"]),
        tests("BootCoreTests", ["BootCore"]),
        tests("BootTests", ["Boot", "JSONKit", "LinuxKit", "ModuleKit"]),
        tests("BytesTests", ["Bytes"]),
        .target(name: "Seeds", path: "Tests/Seeds", swiftSettings: strict),
        .target(
            name: "LUKSFixtures", dependencies: ["CCryptsetup", "CStatic"],
            path: "Tests/LUKSFixtures", swiftSettings: strict),
        .target(
            name: "ProcessMemory", dependencies: ["LinuxKit"], path: "Tests/ProcessMemory",
            swiftSettings: strict),
        tests("CryptKitTests", ["CryptKit", "LUKSFixtures"]),
        tests("ExportCoreTests", ["ExportCore"]),
        tests("ExportTests", ["Export", "ExportCore", "JSONKit", "LinuxKit", "davit"]),
        tests("JSONKitTests", ["JSONKit"]),
        // Confines itself and says what it can still do: nobody can take a confinement off again within a test, and what
        // one of several threads may not do is not always forbidden to the others.
        .executableTarget(
            name: "confined", dependencies: ["LinuxKit"], path: "Tests/confined",
            swiftSettings: strict),
        tests("LinuxKitTests", ["LinuxKit", "confined"]),
        tests("ModuleKitTests", ["ModuleKit"]),
        tests("NetworkCoreTests", ["NetworkCore", "Addresses", "Bytes", "Seeds"]),
        // Needs root: network namespaces, dnsmasq.
        tests(
            "NetworkTests", ["davit", "JSONKit", "LinuxKit", "ProcessMemory", "Recorder"]),
        // Writes into a flight recorder as a process of davit does: for its tests and its bench.
        .executableTarget(
            name: "recording", dependencies: ["CStatic", "LinuxKit", "Recorder"],
            path: "Tests/recording",
            swiftSettings: strict),
        tests("RecorderTests", ["CLinux", "LinuxKit", "Recorder", "Seeds", "recording"]),
        tests("SSHCoreTests", ["Addresses", "SSHCore", "Seeds"]),
        tests("SSHKitTests", ["SSHKit"]),
        tests("PackingKitTests", ["PackingKit"]),
        tests("SCPCoreTests", ["SCPCore", "Seeds"]),
        tests("SFTPCoreTests", ["Bytes", "SFTPCore"]),
        tests(
            "SSHServerTests",
            ["LUKSFixtures", "ProcessMemory", "davit", "JSONKit", "LinuxKit", "Recorder"]),
        tests("RepairCoreTests", ["RepairCore", "Seeds"]),
        tests("RepairTests", ["Repair", "RepairCore", "JSONKit", "LinuxKit", "Seeds", "davit"]),
        tests("UnlockCoreTests", ["UnlockCore", "Seeds"]),
        tests("UnlockTests", ["CLinux", "JSONKit", "LUKSFixtures", "LinuxKit", "Unlock", "davit"]),

        // The lab: whole machines in QEMU, in namespaces of their own. Needs root.
        library("CLibcrypto", "libcrypto"),
        .target(name: "CLab", dependencies: ["CLibcrypto"], path: "Tests/CLab"),
        .target(
            name: "LabKit", dependencies: ["CLab"], path: "Tests/LabKit", swiftSettings: strict),
        .executableTarget(
            name: "lab", dependencies: ["LabKit"], path: "Tests/lab", swiftSettings: strict),
        tests("LabKitTests", ["LabKit", "CLab"]),
        tests("LabTests", ["LabKit"]),
    ]
)
