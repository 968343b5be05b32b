"""What two traces do differently: pure functions over two traces, from `differences.compared` down."""
