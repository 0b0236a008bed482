"""The keys of launchd.plist(5), macOS 15, that our plists may use, with the types of their values."""

LIMITS = {"Core": int, "CPU": int, "Data": int, "FileSize": int, "MemoryLock": int, "NumberOfFiles": int,
          "NumberOfProcesses": int, "ResidentSetSize": int, "Stack": int}
CALENDAR = {"Minute": int, "Hour": int, "Day": int, "Weekday": int, "Month": int}
KEYS = {
    "Label": str, "Disabled": bool, "UserName": str, "GroupName": str, "InitGroups": bool, "Program": str,
    "ProgramArguments": [str], "EnableGlobbing": bool, "KeepAlive": bool, "RunAtLoad": bool, "RootDirectory": str,
    "WorkingDirectory": str, "EnvironmentVariables": dict, "Umask": int, "TimeOut": int, "ExitTimeOut": int,
    "ThrottleInterval": int, "StartInterval": int, "StartCalendarInterval": CALENDAR, "StandardInPath": str,
    "StandardOutPath": str, "StandardErrorPath": str, "Debug": bool, "WaitForDebugger": bool,
    "SoftResourceLimits": LIMITS, "HardResourceLimits": LIMITS, "Nice": int, "ProcessType": str,
    "AbandonProcessGroup": bool, "LowPriorityIO": bool, "LaunchOnlyOnce": bool, "LimitLoadToSessionType": str,
    "SessionCreate": bool, "LegacyTimers": bool,
}
PROCESS_TYPES = ("Background", "Standard", "Adaptive", "Interactive")
DAEMONS_ONLY = ("UserName", "GroupName", "InitGroups", "HardResourceLimits")


def faults(value, wanted, path=""):
    """What is wrong with a value that should be `wanted`: a type, [type] for a list, a dict of names for a dict."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            return ["%s: %r is no dict" % (path, value)]
        found = ["%s%s: there is no such key" % (path, key) for key in value if key not in wanted]
        for key in sorted(set(value) & set(wanted)):
            found += faults(value[key], wanted[key], "%s%s/" % (path, key))
        return found
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return ["%s: %r is no array" % (path, value)]
        return [fault for i, item in enumerate(value) for fault in faults(item, wanted[0], "%s%d/" % (path, i))]
    return [] if type(value) is wanted else ["%s: %r is no %s" % (path, value, wanted.__name__)]
