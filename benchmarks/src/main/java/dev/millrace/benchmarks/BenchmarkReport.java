package dev.millrace.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.benchmarks.BenchmarkMeasure.Bound;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** All measures of one run, as a table for people and as JSON for programs: the same rows. */
record BenchmarkReport(List<BenchmarkMeasure> measures) {
  private static final ObjectMapper JSON = new ObjectMapper();

  BenchmarkReport {
    measures = List.copyOf(measures);
  }

  String table() {
    List<String[]> lines = new ArrayList<>();
    lines.add(new String[] {"name", "value", "unit", "bound", "reached"});
    for (BenchmarkMeasure measure : measures) {
      Bound bound = measure.bound();
      lines.add(
          new String[] {
            measure.name(),
            number(measure.value()),
            measure.unit(),
            bound == null ? "" : bound.kind() + " " + number(bound.value()),
            bound == null ? "" : bound.verdict(measure.value())
          });
    }
    int[] widths = new int[5];
    for (String[] line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line[i].length());
      }
    }
    String format =
        "%%-%ds  %%%ds  %%-%ds  %%%ds  %%%ds%%n"
            .formatted(widths[0], widths[1], widths[2], widths[3], widths[4]);
    StringBuilder table = new StringBuilder();
    lines.forEach(
        line -> table.append(format.formatted((Object[]) line).stripTrailing()).append('\n'));
    return table.toString();
  }

  /** Formats a number with three significant digits; as a whole number from a hundred on. */
  static String number(double value) {
    double size = Math.abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }

  void write(Path file) throws IOException {
    ArrayNode rows = JSON.createArrayNode();
    for (BenchmarkMeasure measure : measures) {
      ObjectNode row = rows.addObject();
      row.put("name", measure.name());
      row.put("unit", measure.unit());
      row.put("value", measure.value());
      Bound bound = measure.bound();
      if (bound == null) {
        row.putNull("bound");
      } else {
        row.put("bound", bound.value());
      }
    }
    Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(rows) + "\n");
  }
}
