/** Small complete indexers, each with the tables it must produce. */
@NullMarked
package dev.millrace.scenarios;

import org.jspecify.annotations.NullMarked;
