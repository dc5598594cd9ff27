package dev.millrace.benchmarks;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One line of the result.
 *
 * @param bound the bound that the value is compared with; null if there is none
 */
record BenchmarkMeasure(String name, String unit, double value, @Nullable Bound bound) {
  /** The meaning of a bound for the value beside it. */
  enum Kind {
    /** A promise: not above. */
    AT_MOST("<="),
    /** A promise: not below. */
    AT_LEAST(">="),
    /** A limit that can be reached and not passed. */
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
    /** Returns, in a word, how the value compares with this bound. */
    String verdict(double measured) {
      return switch (kind) {
        case AT_MOST -> measured <= value ? "kept" : "missed";
        case AT_LEAST -> measured >= value ? "kept" : "missed";
        case LIMIT -> "%.0f %%".formatted(100 * measured / value);
      };
    }
  }

  static BenchmarkMeasure of(String name, String unit, double value) {
    return new BenchmarkMeasure(name, unit, value, null);
  }

  BenchmarkMeasure atMost(double bound) {
    return new BenchmarkMeasure(name, unit, value, new Bound(Kind.AT_MOST, bound));
  }

  BenchmarkMeasure atLeast(double bound) {
    return new BenchmarkMeasure(name, unit, value, new Bound(Kind.AT_LEAST, bound));
  }

  BenchmarkMeasure limitedBy(double bound) {
    return new BenchmarkMeasure(name, unit, value, new Bound(Kind.LIMIT, bound));
  }

  /** Returns the median of repetitions; for an even number, the mean of the middle two. */
  static double median(List<? extends Number> values) {
    double[] sorted = values.stream().mapToDouble(Number::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("median needs values: values=" + Arrays.toString(sorted));
    }
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
