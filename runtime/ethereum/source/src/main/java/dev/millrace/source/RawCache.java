package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.SourceOptions;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.NodeBlockHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Cache files with the logs of final blocks.
 *
 * <p>A query is answered from every file that holds a part of it, by addresses, topics and blocks,
 * with exactly the logs that it asks for; only the rest goes to a node. Files are never changed, so
 * several processes may share one directory and its room; a missing or broken file counts as not
 * held. Losing a file loses no data. Many threads at once.
 *
 * <p>A file is believed once its last block has been found to be the chain's: {@link #prove}. The
 * directory may belong to a chain that was begun anew, or be left behind by a reorg, or filled by
 * another provider; files that a check of the logs refutes are deleted with {@link #refuse}.
 */
final class RawCache {
  private static final long STALE_SECONDS = 3600;

  /**
   * New files after which the directory is listed again, since other processes may write there too.
   */
  private static final int LISTED_EVERY = 64;

  private final @Nullable Path directory;
  private final long room;
  private final InstantSource clock;

  /** Segments by file, least recently used first. */
  @GuardedBy("this")
  private final LinkedHashMap<Path, RawCacheSegment> segments =
      new LinkedHashMap<>(64, 0.75f, true);

  @GuardedBy("this")
  private final SharedLogFilters filters = new SharedLogFilters();

  @GuardedBy("this")
  private long bytes;

  /** The files whose last block has been found to be the chain's. */
  @GuardedBy("this")
  private final Set<Path> proved = new HashSet<>();

  /** The files whose last block the chain does not have now, which proves nothing. */
  @GuardedBy("this")
  private final Set<Path> setAside = new HashSet<>();

  @GuardedBy("this")
  private int keptSinceListed;

  @GuardedBy("this")
  private long hits;

  /**
   * A part of an answer.
   *
   * @param logs cached logs of blocks up to {@code reached}
   * @param missing filters to ask a node for, over the same blocks
   * @param used the files of the logs; to be proved before the logs are believed
   */
  record CachedPart(
      List<LogColumns> logs, List<LogFilter> missing, long reached, List<RawCacheSegment> used) {}

  RawCache(SourceOptions reading, long chain, InstantSource clock) {
    this.room = reading.cacheBytes();
    this.clock = clock;
    this.directory =
        room == 0 ? null : reading.directory().map(home -> directory(home, chain)).orElse(null);
    open();
  }

  private static Path directory(Path home, long chain) {
    return home.resolve("raw-" + chain);
  }

  /** Deletes all files of a chain. */
  static void delete(Path home, long chain) throws IOException {
    Path directory = directory(home, chain);
    if (Files.isDirectory(directory)) {
      try (Stream<Path> all = Files.list(directory)) {
        for (Path file : all.toList()) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    }
  }

  private synchronized void open() {
    if (directory == null) {
      return;
    }
    try {
      Files.createDirectories(directory);
      list(directory);
    } catch (IOException unreadable) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "directory of raw logs cannot be used: directory=%s error=%s"
              .formatted(directory, unreadable),
          unreadable);
    }
  }

  /** Adds the files that other processes have written, and drops those that they have deleted. */
  @GuardedBy("this")
  private void list(Path all) throws IOException {
    List<Path> files;
    try (Stream<Path> listed = Files.list(all)) {
      files = listed.sorted().toList();
    }
    Set<Path> there = new HashSet<>(files);
    List<RawCacheSegment> known = List.copyOf(segments.values());
    known.stream().filter(segment -> !there.contains(segment.file())).forEach(this::remove);
    for (Path file : files) {
      if (!file.toString().endsWith(RawCacheSegment.SUFFIX)) {
        if (isStale(file)) {
          Files.deleteIfExists(file);
        }
      } else if (!segments.containsKey(file) && !setAside.contains(file)) {
        add(file);
      }
    }
  }

  @GuardedBy("this")
  private void add(Path file) {
    try {
      RawCacheSegment _ = add(RawCacheSegment.open(file));
    } catch (IOException _) {
      delete(file);
    }
  }

  /** Returns the segment as the index holds it. */
  @GuardedBy("this")
  private RawCacheSegment add(RawCacheSegment segment) {
    RawCacheSegment held = segment.withFilter(filters.shared(segment.filter()));
    RawCacheSegment before = segments.put(held.file(), held);
    bytes += held.bytes() - (before == null ? 0 : before.bytes());
    return held;
  }

  private boolean isStale(Path file) throws IOException {
    Instant then = Files.getLastModifiedTime(file).toInstant();
    return then.isBefore(clock.instant().minusSeconds(STALE_SECONDS));
  }

  /** True if any of a filter's logs in a block are held. */
  synchronized boolean holds(LogFilter filter, long block) {
    return segments.values().stream()
        .anyMatch(segment -> segment.covers(block) && segment.helps(filter));
  }

  /**
   * Returns the end of a range that begins here: the end of one file, or the start of the next one.
   */
  synchronized long end(LogFilter filter, long from, long to) {
    long end = to;
    for (RawCacheSegment segment : segments.values()) {
      if (segment.to() >= from && segment.from() <= end && segment.helps(filter)) {
        end = Math.min(end, segment.from() <= from ? segment.to() : segment.from() - 1);
      }
    }
    return end;
  }

  /** Finds the cached part of the answer to a query. */
  CachedPart find(LogQuery query) {
    if (directory == null) {
      return new CachedPart(List.of(), List.of(query.filter()), query.to(), List.of());
    }
    while (true) {
      List<RawCacheSegment> used = new ArrayList<>();
      List<LogFilter> missing = List.of(query.filter());
      long reached = query.to();
      for (RawCacheSegment segment : around(query)) {
        List<LogFilter> left = new ArrayList<>();
        for (LogFilter filter : missing) {
          left.addAll(segment.subtractFrom(filter));
        }
        if (!left.equals(missing) && segment.covers(query.from())) {
          used.add(segment);
          missing = left;
          reached = Math.min(reached, segment.to());
        } else if (!left.equals(missing)) {
          reached = Math.min(reached, segment.from() - 1);
        }
      }
      List<LogColumns> logs = new ArrayList<>();
      LogQuery part = query.withRange(query.from(), reached);
      if (used.stream().allMatch(segment -> read(segment, part, logs))) {
        return new CachedPart(logs, missing, reached, used);
      }
    }
  }

  /** Returns the files that overlap a query's range; those that reach furthest first. */
  private synchronized List<RawCacheSegment> around(LogQuery query) {
    return segments.values().stream()
        .filter(segment -> segment.from() <= query.to() && segment.to() >= query.from())
        .sorted(Comparator.comparingLong(RawCacheSegment::to).reversed())
        .toList();
  }

  private boolean read(RawCacheSegment segment, LogQuery query, List<LogColumns> logs) {
    try {
      logs.add(part(segment, query));
      used(segment);
      return true;
    } catch (IOException _) {
      refuse(List.of(segment));
      return false;
    }
  }

  /** Returns the logs of a file that match a query. */
  private static LogColumns part(RawCacheSegment segment, LogQuery query) throws IOException {
    LogColumns all = segment.logs();
    long from = query.from();
    long to = query.to();
    if (all.isEmpty()) {
      return all;
    }
    if (!segment.isWithin(query.filter())) {
      all = LogSelection.of(all, LogSelection.matching(all, query.filter()));
    }
    LogColumns logs = all;
    return LogSelection.of(
        logs, log -> logs.blockNumber(log) >= from && logs.blockNumber(log) <= to);
  }

  private void used(RawCacheSegment segment) throws IOException {
    synchronized (this) {
      hits++;
      segments.get(segment.file()); // makes it the most recently used
    }
    Files.setLastModifiedTime(segment.file(), FileTime.from(clock.instant()));
  }

  /**
   * Writes all logs of a filter in a range to a file.
   *
   * @param last the hash of the last block of the range
   */
  Optional<RawCacheSegment> keep(
      LogFilter filter, long from, long to, Bytes32 last, LogColumns logs) {
    if (directory == null) {
      return Optional.empty();
    }
    try {
      RawCacheSegment written = RawCacheSegment.write(directory, filter, from, to, last, logs);
      RawCacheSegment segment;
      synchronized (this) {
        segment = add(written);
        proved.add(segment.file());
        if (++keptSinceListed >= LISTED_EVERY) {
          keptSinceListed = 0;
          list(directory);
        }
        while (bytes > room && segments.size() > 1) {
          refuse(List.of(segments.values().iterator().next()));
        }
      }
      return Optional.of(segment);
    } catch (IOException _) {
      // A full disk only costs speed the next time; the stores will report it.
      return Optional.empty();
    }
  }

  /**
   * Checks that files are of the chain that the node serves. A file of another chain or of a
   * replaced branch is deleted; a file whose last block the chain does not have is not used.
   *
   * <p>A last block above the range that is read may still be replaced, so it is checked again.
   *
   * @param end the last block that is read, which is final
   * @param blocks blocks that have been fetched; the node is asked for others
   * @return true if all of the files may be believed
   */
  boolean prove(
      List<RawCacheSegment> used, long end, Map<Long, NodeBlockHeader> blocks, ChainNode node)
      throws InterruptedException {
    boolean all = true;
    for (RawCacheSegment segment : used) {
      NodeBlockHeader last = blocks.get(segment.to());
      if (last == null && isProved(segment)) {
        continue;
      }
      if (last == null) {
        last = node.block(segment.to()).orElse(null);
      }
      boolean ours = last != null && last.header().hash().equals(segment.witness());
      all &= ours;
      if (last == null) {
        setAside(segment);
      } else if (!ours) {
        refuse(List.of(segment));
      } else if (segment.to() <= end) {
        proved(segment);
      }
    }
    return all;
  }

  private synchronized boolean isProved(RawCacheSegment segment) {
    return proved.contains(segment.file());
  }

  private synchronized void proved(RawCacheSegment segment) {
    if (segments.containsKey(segment.file())) {
      proved.add(segment.file());
    }
  }

  private synchronized void setAside(RawCacheSegment segment) {
    setAside.add(segment.file());
    remove(segment);
  }

  /** Deletes files whose logs were found to be wrong. */
  synchronized void refuse(List<RawCacheSegment> wrong) {
    for (RawCacheSegment segment : wrong) {
      remove(segment);
      delete(segment.file());
    }
  }

  private synchronized void remove(RawCacheSegment segment) {
    if (segments.remove(segment.file()) != null) {
      bytes -= segment.bytes();
    }
    proved.remove(segment.file());
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException _) {
      // Another process may be reading it; the index no longer has it.
    }
  }

  synchronized void report(SortedMap<String, String> report) {
    if (directory != null) {
      report.put("cache.bytes", Long.toString(bytes));
      report.put("cache.files", Integer.toString(segments.size()));
      report.put("cache.hits", Long.toString(hits));
    }
  }
}
