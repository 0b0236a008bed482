// The operator's service, as a client of it.
'use strict';

const path = require('node:path');
const { grpc, kSource, load } = require('./front.js');

const admin = load('bitnet/v1/admin.proto', path.join(kSource, 'proto')).bitnet.v1;

class Admin {
  constructor(address) {
    this.client = new admin.AdminService(address, grpc.credentials.createInsecure());
  }

  call(method, request = {}) {
    return new Promise((resolve, reject) => {
      this.client[method](request, { deadline: Date.now() + 60000 },
        (error, response) => (error ? reject(error) : resolve(response)));
    });
  }

  close() {
    this.client.close();
  }
}

module.exports = { Admin };
