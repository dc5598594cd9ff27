package dev.millrace.chain;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.Reading;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Block;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.LogWriter;
import dev.millrace.rpc.Node;
import dev.millrace.rpc.NodeBlock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Logs of final blocks that have been fetched before, in files.
 *
 * <p>A question is answered from every file that holds a part of it, by addresses, topics and
 * blocks, and only what is left goes to a node. Files are never changed, so several processes may
 * use one directory; one that is gone or broken is a part that is not held. Nothing is lost with
 * any of them. Many threads at once.
 */
final class RawCache {
  private static final long STALE_SECONDS = 3600;

  private final @Nullable Path directory;
  private final long room;
  private final InstantSource clock;

  /** By file, those used longest ago first. */
  @GuardedBy("this")
  private final LinkedHashMap<Path, Segment> segments = new LinkedHashMap<>(64, 0.75f, true);

  @GuardedBy("this")
  private long bytes;

  @GuardedBy("this")
  private boolean isProved;

  @GuardedBy("this")
  private long hits;

  /**
   * A part of an answer.
   *
   * @param logs what is held of blocks up to {@code reached}
   * @param missing what has to be asked for beside it, over the same blocks
   */
  record Held(List<LogColumns> logs, List<LogFilter> missing, long reached) {}

  RawCache(Reading reading, long chain, InstantSource clock) {
    this.room = reading.cacheBytes();
    this.clock = clock;
    this.directory =
        room == 0
            ? null
            : reading.directory().map(home -> home.resolve("raw-" + chain)).orElse(null);
    open();
  }

  private synchronized void open() {
    if (directory == null) {
      return;
    }
    List<Path> files;
    try {
      Files.createDirectories(directory);
      try (Stream<Path> all = Files.list(directory)) {
        files = all.sorted().toList();
      }
      for (Path file : files) {
        if (file.toString().endsWith(Segment.SUFFIX)) {
          add(file);
        } else if (isStale(file)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException unreadable) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "directory of raw logs cannot be used: directory=%s error=%s"
              .formatted(directory, unreadable),
          unreadable);
    }
  }

  @GuardedBy("this")
  private void add(Path file) {
    try {
      add(Segment.open(file));
    } catch (IOException _) {
      delete(file);
    }
  }

  @GuardedBy("this")
  private void add(Segment segment) {
    segments.put(segment.file(), segment);
    bytes += segment.bytes();
  }

  private boolean isStale(Path file) throws IOException {
    Instant then = Files.getLastModifiedTime(file).toInstant();
    return then.isBefore(clock.instant().minusSeconds(STALE_SECONDS));
  }

  /** Whether any of a filter's logs in a block are held. */
  synchronized boolean holds(LogFilter filter, long block) {
    return segments.values().stream()
        .anyMatch(segment -> segment.covers(block) && segment.helps(filter));
  }

  /** How far a range should go that begins here: as far as one file does, or up to the next one. */
  synchronized long end(LogFilter filter, long from, long to) {
    long end = to;
    for (Segment segment : segments.values()) {
      if (segment.to() >= from && segment.from() <= end && segment.helps(filter)) {
        end = Math.min(end, segment.from() <= from ? segment.to() : segment.from() - 1);
      }
    }
    return end;
  }

  /** What is held of a question. */
  Held find(LogQuery query, Node node) throws InterruptedException {
    if (directory == null) {
      return new Held(List.of(), List.of(query.filter()), query.to());
    }
    prove(node);
    while (true) {
      List<Segment> used = new ArrayList<>();
      List<LogFilter> missing = List.of(query.filter());
      long reached = query.to();
      for (Segment segment : around(query)) {
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
      long end = reached;
      if (used.stream().allMatch(segment -> read(segment, query.from(), end, logs))) {
        return new Held(logs, missing, reached);
      }
    }
  }

  /** The files that begin before a range ends and end behind its first block; long ones first. */
  private synchronized List<Segment> around(LogQuery query) {
    return segments.values().stream()
        .filter(segment -> segment.from() <= query.to() && segment.to() >= query.from())
        .sorted(Comparator.comparingLong(Segment::to).reversed())
        .toList();
  }

  private boolean read(Segment segment, long from, long to, List<LogColumns> logs) {
    try {
      LogColumns all = segment.logs();
      logs.add(segment.from() == from && segment.to() == to ? all : part(all, from, to));
      used(segment);
      return true;
    } catch (IOException _) {
      forget(segment);
      return false;
    }
  }

  private static LogColumns part(LogColumns all, long from, long to) {
    if (all.isEmpty() || (all.blockNumber(0) >= from && all.blockNumber(all.size() - 1) <= to)) {
      return all;
    }
    LogWriter writer = new LogWriter();
    LogColumns.Cursor cursor = all.cursor();
    while (cursor.next()) {
      long number = cursor.blockNumber();
      if (number >= from && number <= to) {
        long time = all.blockTime(cursor.index());
        Instant instant = time == LogColumns.NO_TIME ? null : Instant.ofEpochSecond(time);
        writer.add(cursor.log(new Block(number, cursor.blockHash(), null, instant)));
      }
    }
    return writer.finish();
  }

  private void used(Segment segment) throws IOException {
    synchronized (this) {
      hits++;
      segments.get(segment.file()); // moves it to the end of the line
    }
    Files.setLastModifiedTime(segment.file(), FileTime.from(clock.instant()));
  }

  /** Keeps all logs of a filter in a range. */
  void keep(LogFilter filter, long from, long to, LogColumns logs) {
    if (directory == null) {
      return;
    }
    try {
      Segment segment = Segment.write(directory, filter, from, to, logs);
      synchronized (this) {
        add(segment);
        while (bytes > room && segments.size() > 1) {
          forget(segments.values().iterator().next());
        }
      }
    } catch (IOException _) {
      // A full disk costs speed the next time, and nothing else; the stores will say so.
    }
  }

  /** Looks once whether the files are of the node's chain, and begins anew if they are not. */
  private void prove(Node node) throws InterruptedException {
    Segment last;
    synchronized (this) {
      if (isProved) {
        return;
      }
      last =
          segments.values().stream()
              .filter(segment -> segment.witness() != null)
              .max(Comparator.comparingLong(Segment::to))
              .orElse(null);
    }
    boolean ours = true;
    Segment.Witness witness = last == null ? null : last.witness();
    if (witness != null) {
      Optional<NodeBlock> block = node.block(witness.block());
      ours = block.isEmpty() || block.get().header().hash().equals(witness.hash());
    }
    synchronized (this) {
      if (!ours) {
        clear();
      }
      isProved = true;
    }
  }

  /** Gives up everything: the files tell of another chain than the node does. */
  synchronized void clear() {
    List.copyOf(segments.values()).forEach(this::forget);
  }

  private synchronized void forget(Segment segment) {
    if (segments.remove(segment.file()) != null) {
      bytes -= segment.bytes();
    }
    delete(segment.file());
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException _) {
      // Another process may be reading it; it is not in the index any more.
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
