package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.MirrorGroup;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class FollowIT {
  private ClickHouseFixture lab;
  private ClickHouseFixture.MemoryEpochBook book;

  @BeforeEach
  void openALabWithTwoCommits() {
    lab = ClickHouseFixture.fresh();
    book = lab.book("1");
    ClickHouseFixture.Run run = lab.run(book).follow();
    run.commit(true, List.of(token(1, "a", 1)));
    run.commit(true, List.of(token(1, "b", 2)));
  }

  @AfterEach
  void closeTheLab() {
    lab.close();
  }

  private void assertRefused(String why) {
    assertThatThrownBy(() -> lab.run(book).follow())
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
        .hasMessageContaining(why)
        .hasMessageContaining("rebuild");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL was reset under a mirror")
  void anotherSchema_isRefused() {
    book.identity = "second";

    assertRefused("another schema");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL was restored from a backup that lacks commits")
  void lostCommits_areNoticed() {
    book.commit = 1;
    book.checkpoint = 1;

    assertRefused("commits that PostgreSQL has lost: commit=2");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL was restored from a backup that lacks an epoch")
  void lostEpochs_areNoticed() {
    lab.run(book).follow();
    book.epochs.removeLast();

    assertRefused("an epoch that PostgreSQL does not: epoch=2");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL was restored and has opened an epoch of a number that was used")
  void reusedEpochs_areNoticed() {
    EpochHistory.Epoch first = book.epochs.removeFirst();
    book.epochs.add(new EpochHistory.Epoch(first.number(), first.end(), Instant.EPOCH, 0, true));

    assertRefused("another epoch of this number: epoch=1");
  }

  @Test
  void anEmptyMirror_isRefusedUnderCommits() {
    ClickHouseFixture.MemoryEpochBook other = lab.book("2");
    other.commit = 7;
    other.checkpoint = 7;
    book = other;

    assertRefused("it is empty");
  }

  @Test
  void commitsWithoutIt_areNoticed() {
    book.mirrored = false;
    lab.run(book);
    book.commit++;
    book.mirrored = true;

    assertRefused("a run without it has made commits: epoch=2 last=3");
  }

  @Test
  void aRunWithoutItThatMadeNoCommit_doesNoHarm() {
    book.mirrored = false;
    lab.run(book);
    book.mirrored = true;

    lab.run(book).follow().commit(true, List.of(token(2, "c", 3)));

    assertThat(lab.tokens()).containsExactly("1|1|b|2", "1|2|c|3");
  }

  @Test
  void missingPublications_areNoticed() {
    book.commit = 4;

    assertRefused("it lacks commits: last=2");
  }

  @Test
  void missingRows_areNoticed() {
    TestClickHouse.execute(lab.settings, "TRUNCATE TABLE millrace_reached");

    assertRefused("it lacks rows that PostgreSQL counts on: reached=0");
  }

  @Test
  @Tag("K1")
  @DisplayName("K1 a crash between mirror and commit, and between commit and publish")
  void crashesAroundTheCommit_areNoHoles() {
    ClickHouseFixture.Run crashed = lab.run(book).follow();
    MirrorGroup lost = crashed.group(crashed.batch(true, List.of(token(1, "never", 9))));
    crashed.lane.insert(lost);
    book.states.tailMap(2L, false).clear();

    ClickHouseFixture.Run next = lab.run(book).follow();
    assertThat(lab.tokens()).containsExactly("1|1|b|2");
    MirrorGroup untold = next.group(next.batch(true, List.of(token(1, "d", 4))));
    next.lane.insert(untold);
    next.commit(untold);
    assertThat(lab.tokens()).containsExactly("1|1|b|2");

    lab.run(book).follow();
    assertThat(lab.tokens()).containsExactly("1|1|d|4");
    assertThat(lab.read(ClickHouseFixture.TOKEN, book, 3))
        .isEqualTo(book.state(ClickHouseFixture.TOKEN, 3));
  }

  @Test
  @Tag("K13")
  @DisplayName("K13 two lanes in one table, one rewinds")
  void lanes_areFollowedAndRewoundAlone() {
    ClickHouseFixture.MemoryEpochBook other = lab.book("2");
    ClickHouseFixture.Run run = lab.run(other).follow();
    run.commit(true, List.of(token(1, "x", 10)));
    run.commit(true, List.of(token(1, "y", 20)));

    run.openEpoch(1);

    assertThat(lab.tokens()).containsExactly("1|1|b|2", "2|1|x|10");
    run.commit(true, List.of(token(1, "z", 30)));
    assertThat(lab.tokens()).containsExactly("1|1|b|2", "2|1|z|30");
    lab.run(book).follow();
    lab.run(other).follow();
    assertThat(lab.tokens()).containsExactly("1|1|b|2", "2|1|z|30");
  }
}
