package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class LogBuilderPoolTest {
  private final LogBuilderPool pool = new LogBuilderPool();

  @Test
  @Tag("F92")
  @DisplayName("F92 a builder that a large reply has made large is not kept")
  void giveBack_dropsLargeBuilders() {
    LogColumnsBuilder ofManyBytes = pool.take();
    ofManyBytes.words.ensure((int) LogBuilderPool.MAX_ROOM + 1);
    LogColumnsBuilder ofManyLogs = pool.take();
    ofManyLogs.begin();
    while (ofManyLogs.room() <= LogBuilderPool.MAX_ROOM) {
      ofManyLogs.end();
    }
    LogColumnsBuilder small = pool.take();

    Stream.of(ofManyBytes, ofManyLogs, small).forEach(pool::giveBack);

    assertThat(pool.take()).isSameAs(small);
    assertThat(pool.take()).isNotIn(ofManyBytes, ofManyLogs);
  }

  @Test
  @Tag("F92")
  @DisplayName("F92 of many builders few are kept")
  void giveBack_keepsFew() {
    List<LogColumnsBuilder> all =
        Stream.generate(LogColumnsBuilder::new).limit(3 * LogBuilderPool.MAX_KEPT).toList();
    all.forEach(pool::giveBack);

    assertThat(
            Stream.generate(pool::take)
                .limit(all.size())
                .filter(taken -> all.stream().anyMatch(one -> one == taken)))
        .hasSize(LogBuilderPool.MAX_KEPT);
  }
}
