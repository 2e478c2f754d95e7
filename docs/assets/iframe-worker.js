// Search without a server: from file:// browsers start no worker, so its script runs in a hidden frame instead.
// The site generator leaves out a script of the same name that it would fetch from the network.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      this.onmessage = null;
      this.onerror = null;
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.title = "Search";
      document.head.after(this.frame);
      const inner = this.frame.contentWindow;
      inner.postMessage = (data) => {
        const told = structuredClone(data);
        setTimeout(() => this.onmessage && this.onmessage({ data: told }));
      };
      const script = inner.document.createElement("script");
      script.src = new URL(address, location.href);
      script.onload = () => {
        const told = this.waiting;
        this.waiting = null;
        told.forEach((data) => this.postMessage(data));
      };
      script.onerror = (event) => this.onerror && this.onerror(event);
      inner.document.body.append(script);
    }
    postMessage(data) {
      if (this.waiting) {
        this.waiting.push(data);
        return;
      }
      const inner = this.frame.contentWindow;
      const told = structuredClone(data);
      setTimeout(() => inner.onmessage && inner.onmessage({ data: told }));
    }
    terminate() {
      this.onmessage = null;
      this.frame.remove();
    }
  };
}
