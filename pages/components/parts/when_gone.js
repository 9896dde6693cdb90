// What a component hands to Streamlit to be called when it is taken away. Streamlit 1.67 also calls it for an update that
// a newer one overtook, while the component stays on the page: what was then taken down (keys, timers) would stay down.
function whenGone(root, close) {
  return () => {
    if (!root.isConnected) close();
  };
}
