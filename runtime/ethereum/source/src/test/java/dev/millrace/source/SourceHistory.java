package dev.millrace.source;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Log of the exchanges between a simulated source and its endpoints, printed if a seed fails. */
final class SourceHistory {
  private static final int KEPT = 60;
  private static final int MAX_REQUESTS = 60_000;
  private static final int MAX_SAME = 60;
  private static final long WINDOW_MILLIS = 10_000;

  private final VirtualRuntime runtime;
  private final ArrayDeque<Line> lines = new ArrayDeque<>();
  private final Map<String, ArrayDeque<Long>> refused = new HashMap<>();
  private int requests;
  private @Nullable String flood;

  SourceHistory(VirtualRuntime runtime) {
    this.runtime = runtime;
  }

  /** A request or another incident; put into words only if the seed fails. */
  private record Line(long millis, String what, String request, @Nullable WorldTrouble trouble) {
    @Override
    public String toString() {
      String asked = request.replace("\"jsonrpc\":\"2.0\",", "");
      String shown = asked.length() > 300 ? asked.substring(0, 300) + "..." : asked;
      return "%7d ms %s%s%s%s"
          .formatted(
              millis,
              what,
              request.isEmpty() ? "" : " <- ",
              shown,
              trouble == null ? "" : "   " + trouble);
    }
  }

  void describe(String what) {
    room();
    lines.add(new Line(runtime.passed(), what, "", null));
  }

  void asked(String endpoint, String request, @Nullable WorldTrouble trouble) {
    requests++;
    if (requests > MAX_REQUESTS && flood == null) {
      flood = "asks without an end: requests=" + requests;
      runtime.end();
    }
    room();
    lines.add(new Line(runtime.passed(), endpoint, request, trouble));
  }

  private void room() {
    if (lines.size() == KEPT) {
      lines.removeFirst();
    }
  }

  /** Fails if an unchanged request is repeated although its answers are of no use. */
  void check(String request) {
    if (!request.contains("eth_getLogs") || !request.contains("fromBlock")) {
      return;
    }
    String key = request.replaceAll("\"id\":\\d+", "");
    ArrayDeque<Long> times = refused.computeIfAbsent(key, _ -> new ArrayDeque<>());
    times.add(runtime.passed());
    while (times.getFirst() < runtime.passed() - WINDOW_MILLIS) {
      times.removeFirst();
    }
    if (times.size() > MAX_SAME && flood == null) {
      flood = "repeats a range without a pause: times=%d %s".formatted(times.size(), key);
      runtime.end();
    }
  }

  @Nullable String flood() {
    return flood;
  }

  int requests() {
    return requests;
  }

  List<String> lines() {
    return lines.stream().map(Line::toString).toList();
  }
}
