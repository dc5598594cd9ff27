package dev.millrace.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class InsertDedupWindowTest {
  @Test
  void inserts_areForgottenAfterHalfOfWhatATableRemembers() {
    InsertDedupWindow window = new InsertDedupWindow(false);
    window.add(3);
    long first = window.position();

    window.add(5_000);
    assertThat(window.hasForgotten(first)).isFalse();
    window.add(1);
    assertThat(window.hasForgotten(first)).isTrue();
    assertThat(window.hasForgotten(window.position())).isFalse();
  }

  @Test
  void partitionedTables_areGivenRoomForAMarkPerPartition() {
    InsertDedupWindow window = new InsertDedupWindow(true);

    window.add(500 * InsertDedupWindow.MAX_PARTITIONS);
    assertThat(window.hasForgotten(0)).isFalse();
    window.add(1);
    assertThat(window.hasForgotten(0)).isTrue();
  }
}
