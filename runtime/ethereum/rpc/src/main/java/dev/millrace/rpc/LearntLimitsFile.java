package dev.millrace.rpc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits that endpoints have shown, kept across restarts in one line per endpoint, under its name:
 * the host, and its place among those of the same host. Never the address, which may hold a key.
 * Entries expire after a week, for plans and nodes change. Guarded by its endpoints.
 */
final class LearntLimitsFile {
  private static final Logger LOG = LoggerFactory.getLogger(LearntLimitsFile.class);
  private static final Duration KEPT = Duration.ofDays(7);

  private final Optional<Path> file;
  private final InstantSource clock;
  private final Map<String, Limits> known = new HashMap<>();

  /**
   * The limits of one endpoint.
   *
   * @param span blocks per request; 0: the node named no number
   * @param perSecond requests per second; 0: the node refused none
   */
  private record Limits(long span, int batch, double perSecond, boolean hasLogs, Instant learnt) {
    private static Limits of(Endpoint endpoint, Instant now) {
      double perSecond = endpoint.pace.perSecond();
      return new Limits(
          endpoint.span.isCapped() ? endpoint.span.cap() : 0,
          endpoint.batches.named(),
          Double.isInfinite(perSecond) ? 0 : perSecond,
          endpoint.hasLogs,
          now);
    }

    private boolean isDefault() {
      return span == 0 && batch == BatchLimit.DEFAULT_CALLS && perSecond == 0 && hasLogs;
    }

    private boolean isSame(Limits other) {
      return span == other.span
          && batch == other.batch
          && perSecond == other.perSecond
          && hasLogs == other.hasLogs;
    }

    private String line(String name) {
      return "%s\t%d\t%d\t%s\t%s\t%s".formatted(name, span, batch, perSecond, hasLogs, learnt);
    }
  }

  LearntLimitsFile(Optional<Path> directory, long chain, InstantSource clock) {
    file = directory.map(parent -> parent.resolve("rpc-limits-%d.tsv".formatted(chain)));
    this.clock = clock;
    file.ifPresent(this::load);
  }

  private void load(Path from) {
    try {
      if (Files.exists(from)) {
        Files.readAllLines(from).forEach(this::load);
      }
    } catch (IOException | IllegalArgumentException | java.time.DateTimeException unreadable) {
      known.clear();
      LOG.warn("learnt limits cannot be read and are learnt again: file={}", from, unreadable);
    }
  }

  private void load(String line) {
    String[] cells = line.split("\t", -1);
    if (cells.length != 6) {
      throw new IllegalArgumentException("line has not six cells: cells=" + cells.length);
    }
    Limits limits =
        new Limits(
            Long.parseLong(cells[1]),
            Integer.parseInt(cells[2]),
            Double.parseDouble(cells[3]),
            Boolean.parseBoolean(cells[4]),
            Instant.parse(cells[5]));
    if (limits.learnt().plus(KEPT).isAfter(clock.instant())) {
      known.put(cells[0], limits);
    }
  }

  /** Applies remembered limits to an endpoint. */
  void recall(Endpoint endpoint) {
    Limits limits = known.get(endpoint.name);
    if (limits == null) {
      return;
    }
    if (limits.span() > 0) {
      endpoint.span.remember(limits.span());
    }
    if (limits.perSecond() > 0) {
      endpoint.pace.remember(limits.perSecond());
    }
    endpoint.batches.remember(limits.batch());
    if (!limits.hasLogs()) {
      endpoint.remembersNoLogs();
    }
  }

  /** Replaces the file by the limits known now. */
  void keep(List<Endpoint> endpoints) {
    Instant now = clock.instant();
    for (Endpoint endpoint : endpoints) {
      Limits limits = Limits.of(endpoint, now);
      Limits before = known.get(endpoint.name);
      if (limits.isDefault()) {
        known.remove(endpoint.name);
      } else if (before == null || !before.isSame(limits)) {
        known.put(endpoint.name, limits);
      }
    }
    file.ifPresent(this::write);
  }

  private void write(Path to) {
    String text =
        known.entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(entry -> entry.getValue().line(entry.getKey()) + "\n")
            .collect(Collectors.joining());
    try {
      Path parent = to.toAbsolutePath().getParent();
      if (parent == null || (text.isEmpty() && !Files.exists(to))) {
        return;
      }
      Files.createDirectories(parent);
      Path written = Files.createTempFile(parent, "rpc-limits", ".tmp");
      Files.writeString(written, text);
      Files.move(written, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException unwritable) {
      LOG.warn("learnt limits cannot be kept: file={}", to, unwritable);
    }
  }
}
