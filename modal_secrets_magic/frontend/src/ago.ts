// How long ago something was, in its largest unit.

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60]] as const;

export function ago(seconds: number, now = Date.now() / 1000): string {
  const passed = Math.max(0, now - seconds);
  for (const [unit, size] of UNITS) {
    if (passed >= size) return `${Math.floor(passed / size)} ${unit} ago`;
  }
  return "just now";
}
