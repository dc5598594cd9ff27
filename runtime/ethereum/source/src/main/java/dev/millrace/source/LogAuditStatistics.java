package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.pipeline.PendingCallTracker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Results of the checks of logs against blooms. Any thread.
 *
 * <p>No request for logs is skipped because of a bloom: a bloom only causes one, where it allows
 * logs that did not come. Blooms count as proven once the logs of a block have been found in its
 * bloom, in this process: then a bloom without bits is that of a block without logs. A bloom that
 * denies a log which is there ends that trust for good: the verdict is kept in the directory of the
 * chain.
 */
final class LogAuditStatistics {
  /** Chains that execute after consensus: their headers carry no bloom of their own logs. */
  private static final Set<Long> WITHOUT_BLOOMS = Set.of(143L, 10143L);

  private static final int MAX_KEPT = 100;

  /** Blocks whose blooms deny logs that are there, until blooms count as useless. */
  private static final int MAX_DENIALS = 3;

  private final @Nullable Path remembered;
  private final PendingCallTracker disputes;

  @GuardedBy("this")
  private final List<String> kept = new ArrayList<>();

  @GuardedBy("this")
  private Tally tally = Tally.NONE;

  @GuardedBy("this")
  private boolean isMissing;

  @GuardedBy("this")
  private final Set<Long> denying = new HashSet<>();

  @GuardedBy("this")
  private final Set<Long> denyingZeros = new HashSet<>();

  private volatile boolean zerosSayNothing;

  private volatile Blooms blooms;

  private enum Blooms {
    UNPROVEN,
    PROVEN,
    USELESS
  }

  /**
   * Counts of checks.
   *
   * @param blocks blocks that were checked
   * @param unproven checked blocks whose bloom says nothing
   * @param positive blocks whose bloom allows logs of ours
   * @param confirmed positive blocks in which each filter had logs where the bloom allows some
   * @param falsePositive positive blocks without the logs that the bloom allows, as a second
   *     request showed
   * @param findings missing logs, and other data that does not fit
   */
  record Tally(
      long blocks,
      long unproven,
      long positive,
      long confirmed,
      long falsePositive,
      long findings) {
    static final Tally NONE = new Tally(0, 0, 0, 0, 0, 0);

    private Tally plus(Tally other) {
      return new Tally(
          blocks + other.blocks,
          unproven + other.unproven,
          positive + other.positive,
          confirmed + other.confirmed,
          falsePositive + other.falsePositive,
          findings + other.findings);
    }
  }

  LogAuditStatistics(long chain, Optional<Path> directory, LongSupplier nanos) {
    disputes = new PendingCallTracker(nanos);
    remembered = directory.map(home -> file(home, chain)).orElse(null);
    boolean useless =
        WITHOUT_BLOOMS.contains(chain) || (remembered != null && Files.exists(remembered));
    blooms = useless ? Blooms.USELESS : Blooms.UNPROVEN;
  }

  private static Path file(Path home, long chain) {
    return home.resolve("blooms-" + chain + ".useless");
  }

  /** The questions about logs that contradict a bloom or each other, until they are resolved. */
  PendingCallTracker disputes() {
    return disputes;
  }

  /** Deletes the remembered verdict on the blooms of a chain. */
  static void delete(Path home, long chain) throws IOException {
    Files.deleteIfExists(file(home, chain));
  }

  /** True if blooms of this chain prove nothing. */
  boolean bloomsAreUseless() {
    return blooms == Blooms.USELESS;
  }

  /** True if a log that the bloom of a block lacks is proven to be absent. */
  boolean bloomsAreProven() {
    return blooms == Blooms.PROVEN;
  }

  /** Records that the bloom of a block holds its logs. */
  void bloomHolds() {
    if (blooms == Blooms.UNPROVEN) {
      proven();
    }
  }

  private synchronized void proven() {
    if (blooms == Blooms.UNPROVEN) {
      blooms = Blooms.PROVEN;
    }
  }

  /** True if blooms without bits have come with blocks that have logs, several times. */
  boolean zerosSayNothing() {
    return zerosSayNothing;
  }

  /** Records that a block has logs, and its bloom no bit. */
  synchronized void zerosDeny(long block) {
    denyingZeros.add(block);
    zerosSayNothing |= denyingZeros.size() >= MAX_DENIALS;
    bloomIsMissing(block);
  }

  /** Records that no endpoint has a bloom of a block that holds a log which is there. */
  synchronized void recordBloomMismatch(long block) {
    if (blooms == Blooms.USELESS || !denying.add(block)) {
      return;
    }
    if (denying.size() < MAX_DENIALS) {
      find("bloom denies logs that are there: block=" + block);
      return;
    }
    blooms = Blooms.USELESS;
    String what = "bloom denies logs that are there, so blooms prove nothing here: block=" + block;
    find(what);
    try {
      if (remembered != null) {
        Files.createDirectories(remembered.getParent());
        Files.writeString(remembered, what + System.lineSeparator());
      }
    } catch (IOException _) {
      // The next process finds it out again.
    }
  }

  /** Records that a block with logs comes without a bloom. */
  synchronized void bloomIsMissing(long block) {
    if (!isMissing) {
      isMissing = true;
      find(
          "block with logs comes without a bloom, so what others like it hold is not checked: block="
              + block);
    }
  }

  void ruledOut() {
    add(new Tally(1, 0, 0, 0, 0, 0));
  }

  void unproven() {
    add(new Tally(1, 1, 0, 0, 0, 0));
  }

  void confirmed() {
    add(new Tally(1, 0, 1, 1, 0, 0));
  }

  void falsePositive() {
    add(new Tally(1, 0, 1, 0, 1, 0));
  }

  void missing(long block, int logs, String endpoint) {
    add(new Tally(1, 0, 1, 0, 0, 0));
    find("logs were kept back: block=%d logs=%d endpoint=%s".formatted(block, logs, endpoint));
  }

  synchronized void find(String what) {
    tally = tally.plus(new Tally(0, 0, 0, 0, 0, 1));
    if (kept.size() < MAX_KEPT) {
      kept.add(what);
    }
  }

  private synchronized void add(Tally more) {
    tally = tally.plus(more);
  }

  synchronized Tally tally() {
    return tally;
  }

  /** Returns the first findings, in words. */
  synchronized List<String> found() {
    return List.copyOf(kept);
  }

  synchronized void report(SortedMap<String, String> report) {
    report.put("audit.blocks", Long.toString(tally.blocks()));
    report.put("audit.findings", Long.toString(tally.findings()));
    if (!kept.isEmpty()) {
      report.put("audit.last", kept.getLast());
    }
    if (bloomsAreUseless()) {
      report.put("audit.blooms", "unusable");
    }
  }
}
