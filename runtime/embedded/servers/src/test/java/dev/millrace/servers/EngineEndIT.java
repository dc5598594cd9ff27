package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Every way in which the engine can end, during writes. */
@Timeout(400)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
final class EngineEndIT {
  private static final int ROUNDS = Integer.getInteger("millrace.it.ends", 3);

  @TempDir static Path root;

  @Test
  @Tag("K17")
  @DisplayName("K17 what was acknowledged is there, once, however the engine ends")
  void inserts_thatWereAcknowledgedSurviveStopsAndKills() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    TestEngines.run(server, "CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id");
    AtomicLong next = new AtomicLong();
    Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
    for (int round = 0; round < 2 * ROUNDS; round++) {
      try (Writer writer = new Writer(server, next, acknowledged)) {
        writer.awaitSome();
        if (round % 2 == 0) {
          server.stop();
        } else {
          server.killHard();
        }
      }
      if (round % 2 == 0) {
        server = TestEngines.start(root);
      }
      List<Long> there =
          TestEngines.awaitAnswer(server, "SELECT id FROM kept")
              .lines()
              .map(Long::valueOf)
              .toList();
      assertThat(there).as("round %d", round).doesNotHaveDuplicates().containsAll(acknowledged);
      TestEngines.awaitPid(server);
    }
    server.stop();
    assertThat(leftovers()).isEmpty();
  }

  /** Finds core files and crash reports; there must be none. */
  private static List<String> leftovers() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(
              name -> name.startsWith("core") || name.contains("hs_err") || name.contains("crash"))
          .toList();
    }
  }

  @Test
  @Tag("K16")
  @DisplayName("K16 an engine that stands still is replaced, and one that is busy is not")
  void engine_thatStandsStillIsReplaced() throws Exception {
    Path place = Files.createDirectory(root.resolve("still"));
    EmbeddedClickHouse server =
        EmbeddedClickHouse.start(
            place, TestEngines.small().withAnswerWithin(Duration.ofSeconds(4)));
    TestEngines.run(server, "CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id");
    TestEngines.run(server, "INSERT INTO kept VALUES (7)");
    long before = server.pid().orElseThrow();
    ChildCommand.shell(List.of(), "kill -s STOP \"$1\"", before);

    while (server.pid().orElse(before) == before) {
      LockSupport.parkNanos(20_000_000);
    }
    assertThat(ProcessHandle.of(before)).isEmpty();
    assertThat(TestEngines.awaitAnswer(server, "SELECT id FROM kept")).isEqualTo("7");
    assertThat(Files.readString(place.resolve("supervisor.log")))
        .contains("ClickHouse is replaced: pid=" + before + " reason=no answer: seconds=4");
    server.stop();
  }

  /** Inserts numbers, one by one; a failed insert is not repeated. */
  private static final class Writer implements AutoCloseable {
    private final EmbeddedClickHouse server;
    private final AtomicLong next;
    private final Set<Long> acknowledged;
    private final AtomicBoolean over = new AtomicBoolean();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Future<?> written;

    Writer(EmbeddedClickHouse server, AtomicLong next, Set<Long> acknowledged) {
      this.server = server;
      this.next = next;
      this.acknowledged = acknowledged;
      this.written = thread.submit(this::write);
    }

    private void write() {
      while (!over.get()) {
        long id = next.getAndIncrement();
        try {
          TestEngines.run(server, "INSERT INTO kept VALUES (" + id + ")");
          acknowledged.add(id);
        } catch (IOException | UncheckedIOException e) {
          LockSupport.parkNanos(1_000_000);
        }
      }
    }

    void awaitSome() {
      int wanted = acknowledged.size() + 20;
      while (acknowledged.size() < wanted && !written.isDone()) {
        LockSupport.parkNanos(1_000_000);
      }
    }

    @Override
    public void close() {
      over.set(true);
      thread.close();
      assertThat(written.state()).isEqualTo(Future.State.SUCCESS);
    }
  }
}
