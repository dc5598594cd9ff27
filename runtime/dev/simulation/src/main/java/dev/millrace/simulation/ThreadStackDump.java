package dev.millrace.simulation;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The stacks of this process's threads, virtual ones included. */
public final class ThreadStackDump {
  private ThreadStackDump() {}

  /** Returns the stacks of all threads of Millrace. */
  public static String all() {
    return String.join("\n\n", of("millrace-"));
  }

  /** Returns one text per thread whose name contains a part. */
  public static List<String> of(String part) {
    try {
      Path directory = Files.createTempDirectory("stacks");
      Path file = directory.resolve("threads.txt");
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
      String dump = Files.readString(file);
      Files.delete(file);
      Files.delete(directory);
      return Arrays.stream(dump.split("\n\n"))
          .filter(thread -> thread.lines().findFirst().orElse("").contains(part))
          .collect(Collectors.toList());
    } catch (IOException unreadable) {
      return List.of("no stacks: " + unreadable);
    }
  }
}
