package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.client.DatabaseSettings;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rewinds that are interrupted, lose their reply, are fenced or are very large. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class RewindFaultIT {
  private static final String[] AFTER = {"1|a|1", "2|b|2"};

  /** Commits two blocks to keep and two to undo. */
  private static void fourBlocks(PostgresFixture lab) {
    lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
    lab.commit(lab.reversible(PostgresFixture.Script::block));
    lab.commit(lab.reversible(script -> script.save(token(1, "z", 9)).delete(TOKEN, 2L)));
    lab.commit(lab.reversible(script -> script.save(token(2, "y", 9)).save(token(3, "x", 9))));
  }

  private static MillraceException failureOf(Runnable work) {
    return catchThrowableOfType(MillraceException.class, work::run);
  }

  private static Frontier rewindWithRetries(PostgresFixture lab, Source.@Nullable BlockRef to) {
    while (true) {
      try {
        Frontier rewound = lab.lane.rewind(to);
        lab.rewound(rewound);
        return rewound;
      } catch (MillraceException failed) {
        assertThat(failed.remedy()).as(failed.getMessage()).isEqualTo(Remedy.RETRY);
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  /** The end of a process at the current point. */
  private static final class Death extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @ParameterizedTest(name = "E8 the process dies at {0}")
  @EnumSource(
      value = Failpoint.Point.class,
      names = {"REWINDING", "AFTER_REWIND"})
  @Tag("E8")
  void death_inARewindConverges(Failpoint.Point where) {
    Failpoint fault =
        (point, _) -> {
          if (point == where) {
            throw new Death();
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(fault)) {
      fourBlocks(lab);
      Source.BlockRef survivor = lab.place(2);
      assertThat(catchThrowableOfType(Death.class, () -> lab.lane.rewind(survivor))).isNotNull();
      lab.end();
      try (PostgresFixture next = lab.again()) {
        Source.BlockRef found = next.lane.opened().place();
        assertThat(found)
            .isEqualTo(where == Failpoint.Point.REWINDING ? lab.place(4) : survivor)
            .isEqualTo(next.lane.resumePoint().last());
        next.rewound(next.lane.rewind(survivor));
        assertThat(next.tokens()).containsExactly(AFTER);
        next.commit(next.reversible(script -> script.save(token(3, "new", 1))));
        assertThat(next.rows("millrace_lane", "commit, checkpoint, block"))
            .containsExactly("5|2|3");
      }
    }
  }

  @ParameterizedTest(name = "E8 the session ends at {0}")
  @EnumSource(
      value = Failpoint.Point.class,
      names = {"REWINDING", "AFTER_REWIND"})
  @Tag("E8")
  void endedSession_isReplaced(Failpoint.Point where) {
    PostgresFixture[] self = new PostgresFixture[1];
    boolean[] fired = new boolean[1];
    Failpoint fault =
        (point, _) -> {
          if (point == where && !fired[0]) {
            fired[0] = true;
            self[0].rows(
                "millrace_lane", "pg_terminate_backend(backend_pid), pg_sleep(0.05)::text");
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(fault)) {
      self[0] = lab;
      fourBlocks(lab);
      Frontier rewound = rewindWithRetries(lab, lab.place(2));
      assertThat(rewound).isEqualTo(new Frontier(2, 4, 1, lab.place(2)));
      assertThat(lab.tokens()).containsExactly(AFTER);
      assertThat(lab.rows("millrace_epoch", "epoch, last_checkpoint"))
          .containsExactly("1|1", "2|null");
    }
  }

  @Test
  @Tag("E8")
  @Tag("A20")
  @DisplayName("E8 A20 the answer to a rewind's COMMIT is lost although it succeeded")
  void lostAnswer_isFoundByTheEpoch() throws Exception {
    DatabaseSettings direct = TestDatabase.settings();
    try (PostgresCuttingProxy proxy = new PostgresCuttingProxy(direct.url())) {
      Failpoint cut =
          (point, _) -> {
            if (point == Failpoint.Point.REWINDING) {
              proxy.cutAfterNextRequest();
            }
          };
      try (PostgresFixture lab = through(proxy, cut)) {
        fourBlocks(lab);
        Source.BlockRef survivor = lab.place(2);
        assertThat(failureOf(() -> lab.lane.rewind(survivor)).remedy()).isEqualTo(Remedy.RETRY);
        String epoch = "SELECT epoch FROM %s.millrace_lane".formatted(lab.schema);
        while (!TestDatabase.one(epoch).equals("2")) {
          LockSupport.parkNanos(5_000_000);
        }
        String rows = "SELECT string_agg(xmin::text, ' ') FROM %s.token".formatted(lab.schema);
        String before = TestDatabase.one(rows);
        assertThat(rewindWithRetries(lab, survivor)).isEqualTo(new Frontier(2, 4, 1, survivor));
        assertThat(TestDatabase.one(rows)).as("nothing is written twice").isEqualTo(before);
        assertThat(lab.tokens()).containsExactly(AFTER);
        lab.commit(lab.reversible(script -> script.save(token(3, "new", 1))));
        assertThat(lab.rows("millrace_epoch", "epoch, last_checkpoint"))
            .containsExactly("1|1", "2|null");
      }
    }
  }

  private static PostgresFixture through(PostgresCuttingProxy proxy, Failpoint failpoint) {
    DatabaseSettings direct = TestDatabase.settings();
    DatabaseSettings settings =
        DatabaseSettings.of(proxy.url(), direct.user(), direct.password())
            .withPatience(Duration.ZERO);
    return new PostgresFixture(
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE),
        failpoint,
        settings);
  }

  @Test
  @Tag("D3")
  @Tag("E8")
  @DisplayName("D3 E8 a holder that stands still inside a rewind loses its locks and its epoch")
  void holderInsideARewind_isEnded() throws Exception {
    Gate gate = new Gate(Failpoint.Point.REWINDING, 2);
    try (PostgresFixture lab = PostgresFixture.fresh(gate);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        gate) {
      fourBlocks(lab);
      Source.BlockRef survivor = lab.place(2);
      Future<MillraceException> end =
          threads.submit(() -> failureOf(() -> lab.lane.rewind(survivor)));
      gate.awaitReached();
      TakeoverIT.silence(lab);
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.opened()).isEqualTo(new Frontier(3, 4, 3, lab.place(4)));
        assertThat(next.tokens()).containsExactly("1|z|9", "2|y|9", "3|x|9");
        gate.close();
        assertThat(end.get().remedy()).isIn(Remedy.RETRY, Remedy.YIELD);
        assertThat(failureOf(() -> lab.lane.rewind(survivor)).remedy()).isEqualTo(Remedy.YIELD);
        assertThat(next.rewind(2)).isEqualTo(new Frontier(4, 4, 1, survivor));
        assertThat(next.tokens()).containsExactly(AFTER);
        assertThat(next.rows("millrace_epoch", "epoch, last_checkpoint"))
            .containsExactly("1|1", "3|1", "4|null");
      }
    }
  }

  @Test
  @Tag("D2")
  @DisplayName("D2 a lane that has rewound keeps its lease, and closing gives it back")
  void lease_lastsThroughARewind() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      fourBlocks(lab);
      lab.rewind(2);
      assertThat(failureOf(lab::again).remedy()).isEqualTo(Remedy.YIELD);
      lab.commit(lab.reversible(script -> script.save(token(3, "new", 1))));
      lab.end();
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.opened()).isEqualTo(new Frontier(3, 5, 2, lab.place(3)));
      }
    }
  }

  @Test
  @Tag("E10")
  @DisplayName("E10 a thousand replaced blocks take as many statements as one, and little time")
  void rewind_isSetBased() throws Exception {
    long few = requests(1);
    long began = System.nanoTime();
    assertThat(requests(1_000)).isEqualTo(few);
    assertThat(few).as("begin, lane, survivor, tables, side tables, epochs").isLessThan(20);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(60));
  }

  /** Returns the number of packets of a rewind over this many blocks, each with 20 changed rows. */
  private static long requests(int blocks) throws Exception {
    try (PostgresCuttingProxy proxy = new PostgresCuttingProxy(TestDatabase.settings().url());
        PostgresFixture lab = through(proxy, Failpoint.NONE)) {
      lab.commit(
          lab.batch(script -> {
            for (long id = 0; id < 1_000; id++) {
              script.save(token(id, "old", 1));
            }
          }));
      lab.commit(
          lab.reversible(script -> {
            for (int block = 0; block < blocks; block++) {
              script.block();
              for (int row = 0; row < 20; row++) {
                script.save(token((block * 7L + row) % 1_100, "new", block));
              }
            }
          }));
      long sent = proxy.requests();
      lab.rewind(1);
      assertThat(lab.rows("token", "count(*), min(owner), max(owner), max(amount)"))
          .containsExactly("1000|old|old|1");
      assertThat(lab.rows("millrace_undo_token", "count(*)")).containsExactly("0");
      return proxy.requests() - sent;
    }
  }
}
