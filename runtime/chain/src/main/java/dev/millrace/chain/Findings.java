package dev.millrace.chain;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/** What the checks of logs against blooms have shown so far. Any thread. */
final class Findings {
  /** Chains that execute after they have agreed: their headers carry no bloom of their own logs. */
  private static final Set<Long> WITHOUT_BLOOMS = Set.of(143L, 10143L);

  private static final int MOST_KEPT = 100;

  @GuardedBy("this")
  private final List<String> kept = new ArrayList<>();

  @GuardedBy("this")
  private Tally tally = Tally.NONE;

  private volatile boolean useless;

  /**
   * Counts of checks.
   *
   * @param blocks whose bloom was looked at
   * @param positive those that may hold logs of ours
   * @param confirmed those of them whose logs were there
   * @param falsePositive those of them that hold none, as was asked twice
   * @param findings logs that were missing, and whatever else does not fit
   */
  record Tally(long blocks, long positive, long confirmed, long falsePositive, long findings) {
    static final Tally NONE = new Tally(0, 0, 0, 0, 0);

    private Tally plus(Tally other) {
      return new Tally(
          blocks + other.blocks,
          positive + other.positive,
          confirmed + other.confirmed,
          falsePositive + other.falsePositive,
          findings + other.findings);
    }
  }

  Findings(long chain) {
    useless = WITHOUT_BLOOMS.contains(chain);
  }

  /** Whether blooms of this chain prove nothing. */
  boolean bloomsAreUseless() {
    return useless;
  }

  void bloomDenies(long block) {
    if (!useless) {
      useless = true;
      find("bloom denies logs that are there, so blooms prove nothing here: block=" + block);
    }
  }

  void checked() {
    add(new Tally(1, 0, 0, 0, 0));
  }

  void confirmed() {
    add(new Tally(1, 1, 1, 0, 0));
  }

  void falsePositive() {
    add(new Tally(1, 1, 0, 1, 0));
  }

  void missing(long block, int logs, String endpoint) {
    add(new Tally(1, 1, 0, 0, 0));
    find("logs were kept back: block=%d logs=%d endpoint=%s".formatted(block, logs, endpoint));
  }

  synchronized void find(String what) {
    tally = tally.plus(new Tally(0, 0, 0, 0, 1));
    if (kept.size() < MOST_KEPT) {
      kept.add(what);
    }
  }

  private synchronized void add(Tally more) {
    tally = tally.plus(more);
  }

  synchronized Tally tally() {
    return tally;
  }

  /** The first of what was found, in words. */
  synchronized List<String> found() {
    return List.copyOf(kept);
  }

  synchronized void report(SortedMap<String, String> report) {
    report.put("audit.blocks", Long.toString(tally.blocks()));
    report.put("audit.findings", Long.toString(tally.findings()));
    if (!kept.isEmpty()) {
      report.put("audit.last", kept.getLast());
    }
    if (useless) {
      report.put("audit.blooms", "unusable");
    }
  }
}
