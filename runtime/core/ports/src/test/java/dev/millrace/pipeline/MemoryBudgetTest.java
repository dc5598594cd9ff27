package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MemoryBudgetTest {
  @Test
  void lane_aloneMayHoldEverything() {
    MemoryBudget.Share only = new MemoryBudget(90).register();

    assertThat(only.updateUsage(0)).isEqualTo(90);
    assertThat(only.updateUsage(200)).isEqualTo(90);
  }

  @Test
  void lanes_shareWhatTheOthersDoNotHold() {
    MemoryBudget budget = new MemoryBudget(90);
    MemoryBudget.Share one = budget.register();
    MemoryBudget.Share two = budget.register();
    MemoryBudget.Share three = budget.register();
    two.updateUsage(10);
    three.updateUsage(5);

    assertThat(one.updateUsage(75)).isEqualTo(75);
    assertThat(two.updateUsage(10)).as("its own part, whatever the others hold").isEqualTo(30);
    assertThat(three.updateUsage(0)).isEqualTo(30);
    assertThat(one.updateUsage(75)).isEqualTo(80);
  }

  @Test
  void lane_thatLeavesHoldsNothing() {
    MemoryBudget budget = new MemoryBudget(90);
    MemoryBudget.Share one = budget.register();
    MemoryBudget.Share two = budget.register();
    two.updateUsage(60);

    assertThat(one.updateUsage(10)).isEqualTo(45);
    two.close();
    assertThat(one.updateUsage(10)).isEqualTo(90);
  }
}
