package dev.millrace.lane;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BudgetTest {
  @Test
  void lane_aloneMayHoldEverything() {
    Budget.Share only = new Budget(90).join();

    assertThat(only.allow(0)).isEqualTo(90);
    assertThat(only.allow(200)).isEqualTo(90);
  }

  @Test
  void lanes_shareWhatTheOthersDoNotHold() {
    Budget budget = new Budget(90);
    Budget.Share one = budget.join();
    Budget.Share two = budget.join();
    Budget.Share three = budget.join();
    two.allow(10);
    three.allow(5);

    assertThat(one.allow(75)).isEqualTo(75);
    assertThat(two.allow(10)).as("its own part, whatever the others hold").isEqualTo(30);
    assertThat(three.allow(0)).isEqualTo(30);
    assertThat(one.allow(75)).isEqualTo(80);
  }

  @Test
  void lane_thatLeavesHoldsNothing() {
    Budget budget = new Budget(90);
    Budget.Share one = budget.join();
    Budget.Share two = budget.join();
    two.allow(60);

    assertThat(one.allow(10)).isEqualTo(45);
    two.close();
    assertThat(one.allow(10)).isEqualTo(90);
  }
}
