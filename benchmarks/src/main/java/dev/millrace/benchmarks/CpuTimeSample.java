package dev.millrace.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * CPU time used by this process and by PostgreSQL, in nanoseconds, as the kernel counts it: in
 * ticks of ten milliseconds.
 *
 * @param postgres 0 if the kernel does not report it
 */
record CpuTimeSample(long ours, long postgres) {
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Counted from the first field after the name of the program, which is the process's state. */
  private static final int USER = 11;

  private static final int ENDED_CHILDREN = 13;

  static CpuTimeSample now(OptionalLong postmaster) {
    long ours =
        ProcessHandle.current().info().totalCpuDuration().orElse(java.time.Duration.ZERO).toNanos();
    return new CpuTimeSample(ours, postmaster.isPresent() ? tree(postmaster.getAsLong()) : 0);
  }

  /** Returns the CPU time of another process. */
  static long of(ProcessHandle process) {
    return ticks(process.pid(), USER) * NANOS_PER_TICK;
  }

  CpuTimeSample since(CpuTimeSample before) {
    return new CpuTimeSample(ours - before.ours, postgres - before.postgres);
  }

  /**
   * Sums a server and its sessions: the running ones, and those that have ended, in its own
   * account.
   */
  private static long tree(long pid) {
    long sessions =
        ProcessHandle.of(pid).stream()
            .flatMap(ProcessHandle::descendants)
            .mapToLong(session -> ticks(session.pid(), USER))
            .sum();
    return (sessions + ticks(pid, USER) + ticks(pid, ENDED_CHILDREN)) * NANOS_PER_TICK;
  }

  /** Sums two neighbouring counters of a process, user and system; 0 if it has just ended. */
  private static long ticks(long pid, int first) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      List<String> fields =
          Stream.of(stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1)).toList();
      return Long.parseLong(fields.get(first)) + Long.parseLong(fields.get(first + 1));
    } catch (IOException _) {
      return 0;
    }
  }
}
