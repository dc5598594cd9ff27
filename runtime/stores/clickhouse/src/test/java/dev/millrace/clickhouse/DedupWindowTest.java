package dev.millrace.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DedupWindowTest {
  @Test
  void inserts_areForgottenAfterHalfOfWhatATableRemembers() {
    DedupWindow window = new DedupWindow(false);
    window.add(3);
    long first = window.passed();

    window.add(5_000);
    assertThat(window.hasForgotten(first)).isFalse();
    window.add(1);
    assertThat(window.hasForgotten(first)).isTrue();
    assertThat(window.hasForgotten(window.passed())).isFalse();
  }

  @Test
  void partitionedTables_areGivenRoomForAMarkPerPartition() {
    DedupWindow window = new DedupWindow(true);

    window.add(500 * DedupWindow.MOST_PARTITIONS);
    assertThat(window.hasForgotten(0)).isFalse();
    window.add(1);
    assertThat(window.hasForgotten(0)).isTrue();
  }
}
