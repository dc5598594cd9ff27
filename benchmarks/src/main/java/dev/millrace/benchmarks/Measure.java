package dev.millrace.benchmarks;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One line of the answer.
 *
 * @param bound what the value is held against; null where there is nothing to say
 */
record Measure(String name, String unit, double value, @Nullable Bound bound) {
  /** What a bound means for the value beside it. */
  enum Kind {
    /** What we promise: not above. */
    AT_MOST("<="),
    /** What we promise: not below. */
    AT_LEAST(">="),
    /** What cannot be passed, only reached. */
    LIMIT("max");

    private final String sign;

    Kind(String sign) {
      this.sign = sign;
    }

    @Override
    public String toString() {
      return sign;
    }
  }

  record Bound(Kind kind, double value) {
    /** How the value stands to this, in a word. */
    String verdict(double measured) {
      return switch (kind) {
        case AT_MOST -> measured <= value ? "kept" : "missed";
        case AT_LEAST -> measured >= value ? "kept" : "missed";
        case LIMIT -> "%.0f %%".formatted(100 * measured / value);
      };
    }
  }

  static Measure of(String name, String unit, double value) {
    return new Measure(name, unit, value, null);
  }

  Measure atMost(double bound) {
    return new Measure(name, unit, value, new Bound(Kind.AT_MOST, bound));
  }

  Measure atLeast(double bound) {
    return new Measure(name, unit, value, new Bound(Kind.AT_LEAST, bound));
  }

  Measure limitedBy(double bound) {
    return new Measure(name, unit, value, new Bound(Kind.LIMIT, bound));
  }

  /** The middle of what repetitions gave; of an even number, the mean of the middle two. */
  static double median(List<? extends Number> values) {
    double[] sorted = values.stream().mapToDouble(Number::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("median needs values: values=" + Arrays.toString(sorted));
    }
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
