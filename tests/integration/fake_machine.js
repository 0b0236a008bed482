// A machine with sensors that a test moves: workers read a /sys of its own (--sensor-root).
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const kPackage = 'sys/class/powercap/intel-rapl:0';
// A warm machine of two CPUs, beside its counter of energy.
const kFiles = {
  [`${kPackage}/name`]: 'package-0',
  [`${kPackage}/max_energy_range_uj`]: 262143328850,
  'sys/class/hwmon/hwmon0/name': 'k10temp',
  'sys/class/hwmon/hwmon0/temp1_label': 'Tctl',
  'sys/class/hwmon/hwmon0/temp1_input': 52350,
  'sys/class/thermal/thermal_zone0/type': 'cpu-thermal',
  'sys/class/thermal/thermal_zone0/temp': 52350,
  'sys/class/thermal/thermal_zone0/trip_point_0_type': 'critical',
  'sys/class/thermal/thermal_zone0/trip_point_0_temp': 110000,
  'sys/class/thermal/cooling_device0/type': 'Processor',
  'sys/class/thermal/cooling_device0/cur_state': 0,
  'sys/class/thermal/cooling_device0/max_state': 10,
  'sys/devices/system/cpu/online': '0-1',
  'proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0',
};
for (const cpu of [0, 1]) {
  const folder = `sys/devices/system/cpu/cpu${cpu}`;
  kFiles[`${folder}/cpufreq/scaling_cur_freq`] = 1500000;
  kFiles[`${folder}/cpufreq/cpuinfo_max_freq`] = 3000000;
  kFiles[`${folder}/thermal_throttle/core_throttle_count`] = 3;
}

// Its package takes `watts`, by a counter that moves every 5 ms.
class FakeMachine {
  // Of all its sensors, or of the counter alone.
  // With `busy`, so many of its processors are at work all the time, as its /proc/stat has it.
  constructor({ heat = true, busy = 0 } = {}) {
    this.root = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-sys-'));
    for (const [name, value] of Object.entries(kFiles)) {
      if (heat || name.startsWith(kPackage)) this.put(name, value);
    }
    this.file = fs.openSync(path.join(this.root, kPackage, 'energy_uj'), 'w');
    this.watts = 20;
    this.microjoules = 1000000000; // Of ten digits at any time, so that each write is whole.
    this.write();
    let last = performance.now();
    if (busy > 0) {
      this.put('proc/stat', '');
      this.stat = fs.openSync(path.join(this.root, 'proc/stat'), 'w');
      this.writeTicks(busy * last);
    }
    this.timer = setInterval(() => {
      const now = performance.now();
      this.microjoules += Math.round(this.watts * (now - last) * 1000);
      last = now;
      this.write();
      if (busy > 0) this.writeTicks(busy * now);
    }, 5);
  }

  put(name, value) {
    const file = path.join(this.root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, `${value}\n`);
  }

  write() {
    fs.writeSync(this.file, `${this.microjoules}\n`, 0);
  }

  // A tick is 10 ms. All are of users.
  writeTicks(milliseconds) {
    const ticks = String(Math.round(milliseconds / 10)).padStart(10, '0'); // Whole, as above.
    fs.writeSync(this.stat, `cpu  ${ticks} 0 0 0 0 0 0 0 0 0\n`, 0);
  }

  close() {
    clearInterval(this.timer);
    if (this.stat) fs.closeSync(this.stat);
    fs.closeSync(this.file);
    fs.rmSync(this.root, { recursive: true });
  }
}

module.exports = { FakeMachine };
